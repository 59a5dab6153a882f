// pause ends early when the connection comes back or somebody looks at the page again.
export function pause(ms) {
  return new Promise((done) => {
    const stop = new AbortController();
    const end = () => { stop.abort(); clearTimeout(timer); done(); };
    const timer = setTimeout(end, ms);
    addEventListener("online", end, { signal: stop.signal });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) end(); }, { signal: stop.signal });
  });
}

// growing gives the milliseconds to wait before the next question: from one second on, slower and slower, up to `most`.
export const growing = (asked, most) => Math.min(1000 * 1.4 ** asked, most);
