// The theme is put on before the page is drawn, so that nobody sees the other one flash by.
{
  let theme = null;
  try { theme = localStorage.getItem("theme"); } catch { /* a closed store: the device decides */ }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
