// The admin's own theme opens its filters, and switches light and dark, with links that lead nowhere and with bare icons:
// a mouse reaches them, a keyboard does not. Here each becomes a button to whoever presses keys or listens.
(() => {
"use strict";
const CLICKED = "[x-on\\:click], [\\@click]";
const REACHED = "a[href], button, input, select, textarea, summary, label";
const FIELDS = "input:not([type=hidden]), select, textarea, a[href], button, [role=button]";

const seen = (each) => each.getClientRects().length > 0;

// What says nothing is no button but the ground behind one: Escape does what a click on it does.
function reach(each) {
  if (each.matches(REACHED) || !(each.textContent.trim() || each.title)) return;
  each.setAttribute("role", "button");
  each.tabIndex = 0;
  if (each.title) each.setAttribute("aria-label", each.title);
  // An icon is a word to its font, and to a screen reader: beside words of the page it says nothing.
  for (const icon of each.querySelectorAll(".material-symbols-outlined")) icon.setAttribute("aria-hidden", "true");
}
const reachAll = () => document.querySelectorAll(CLICKED).forEach(reach);

const filters = () => document.getElementById("changelist-filter");
let opener = null;

document.addEventListener("alpine:initialized", reachAll);
document.addEventListener("htmx:afterSwap", reachAll);
document.addEventListener("keydown", (event) => {
  const pressed = event.target;
  if (event.key === "Escape" && opener && filters()?.contains(pressed)) opener.focus();
  if (!["Enter", " "].includes(event.key) || pressed.getAttribute("role") !== "button" || !pressed.matches(CLICKED)) return;
  event.preventDefault();
  const shut = filters() && !seen(filters());
  pressed.click();
  // The filters stand behind the whole list in the page: whoever opened them by a key would have to walk through it.
  if (shut) Alpine.nextTick(() => {
    if (!seen(filters())) return;
    opener = pressed;
    [...filters().querySelectorAll(FIELDS)].find(seen)?.focus();
  });
});
})();
