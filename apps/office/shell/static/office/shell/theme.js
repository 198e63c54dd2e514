// Light or dark, as was chosen inside: Alpine keeps it as JSON. Before the page is drawn, so that it does not flash.
(() => {
"use strict";
const chosen = JSON.parse(localStorage.getItem("adminTheme") || '"auto"');
const dark = chosen === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
document.documentElement.classList.toggle("dark", dark);
})();
