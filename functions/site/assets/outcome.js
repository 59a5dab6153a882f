// outcomes are the states that a payment can be in as people see it: what is said, whether it can still change (final,
// slow), where one can go from there, and whether the waiting order is shown (back).
export const outcomes = {
  checking: { title: "Checking your payment", sentence: "This takes a moment.", look: "waiting", ways: [] },
  granted: { title: "Your credits are here", sentence: "The payment went through. Thank you!", look: "done", final: true, back: true, ways: ["studio", "credits"] },
  begun: { title: "Your plan has begun", sentence: "The payment went through and the credits are here. Thank you!", look: "done", final: true, back: true, ways: ["studio", "billing"] },
  trial: { title: "Your trial has begun", sentence: "Nothing was charged. The plan's credits come with its first payment.", look: "done", final: true, back: true, ways: ["studio", "billing"] },
  coming: { title: "Paid: your credits are on the way", sentence: "They are usually here within seconds.", look: "waiting", ways: [] },
  slow: {
    title: "Paid: your credits are on the way", sentence: "This takes longer than usual. You may leave this page: the credits come all the same.",
    look: "waiting", back: true, ways: ["credits"],
  },
  late: {
    title: "Your credits are still on the way", sentence: "Nothing is lost: what was paid is compared with what was credited every day. You find the payment in Billing.",
    look: "waiting", final: true, back: true, ways: ["look", "payments"],
  },
  pending: {
    title: "Your bank is still confirming", sentence: "With this way of paying it can take some days. You may leave this page: the credits come by themselves when the payment is confirmed.",
    look: "waiting", slow: true, back: true, ways: ["payments", "credits"],
  },
  open: {
    title: "This payment is not finished", sentence: "Nothing was charged so far. If you have just paid, look again in a minute.",
    look: "stopped", final: true, back: true, ways: ["look", "pricing"],
  },
  failed: {
    title: "The payment did not go through", sentence: "Nothing was charged. Another card or another way of paying may work.",
    look: "stopped", final: true, back: true, ways: ["again"],
  },
  expired: {
    title: "This checkout has expired", sentence: "Nothing was charged. You can begin a new one.",
    look: "stopped", final: true, back: true, ways: ["again"],
  },
  canceled: {
    title: "You left the checkout", sentence: "Nothing was charged, nothing was changed.",
    look: "left", final: true, back: true, ways: ["pricing"],
  },
  signedOut: {
    title: "Sign in to see your payment", sentence: "You were signed out meanwhile. Your payment does not depend on it.",
    look: "stopped", final: true, ways: ["signIn"],
  },
  unknown: {
    title: "We do not find this payment", sentence: "It may have been made with another account. If you paid, sign in with the account that you paid with.",
    look: "stopped", final: true, ways: ["payments", "pricing"],
  },
  nothing: { title: "There is no payment to show", sentence: "What you have paid is listed in Billing.", look: "stopped", final: true, ways: ["pricing", "payments"] },
  offline: { title: "You seem to be offline", sentence: "We look again as soon as the connection is back. Your payment does not depend on it.", look: "waiting", ways: [] },
  unavailable: { title: "We cannot see your payment yet", sentence: "The service does not answer just now; we keep asking. Your payment does not depend on it.", look: "waiting", ways: ["payments"] },
};
