// The theme is put on before the page is drawn, so that nobody sees the other one flash by; preferences.js says where it is kept.
{
  const [, theme] = /(?:^|; )__Host-preferences=(light|dark)(?:;|$)/.exec(document.cookie) ?? [];
  if (theme) document.documentElement.dataset.theme = theme;
}
