// The admin's own theme opens its filters, and switches light and dark, with links that lead nowhere and with bare icons:
// a mouse reaches them, a keyboard does not. Here each becomes a button to whoever presses keys or listens.
(() => {
"use strict";
const CLICKED = "[x-on\\:click], [\\@click]";
const REACHED = "a[href], button, input, select, textarea, summary, label";
const FIELDS = "input:not([type=hidden]), select, textarea, a[href], button, [role=button]";

const seen = (each) => each.getClientRects().length > 0;

// What the label of a field says: of what stands beside it and is an icon, or a list that has its words from a script.
const named = (field) => field ? document.querySelector(`label[for="id_${field}"]`)?.textContent.trim().replace(/[:*]+$/, "") : "";
function nameAll() {
  for (const each of document.querySelectorAll("select + .select2 :is([role=combobox], [role=textbox])")) {
    const label = document.querySelector(`label[for="${each.closest(".select2").previousElementSibling.id}"]`);
    if (label) each.setAttribute("aria-labelledby", `${label.id ||= `label-${label.htmlFor}`} ${each.getAttribute("aria-labelledby") ?? ""}`);
  }
}
// Several tables that scroll on one page are told apart by the headings above them.
for (const each of document.querySelectorAll("fieldset[aria-labelledby] [data-simplebar]"))
  each.dataset.simplebarAriaLabel = document.getElementById(each.closest("fieldset").getAttribute("aria-labelledby"))?.textContent.trim() ?? "";

// What says nothing is no button but the ground behind one: Escape does what a click on it does.
function reach(each) {
  if (each.matches(REACHED) || !(each.textContent.trim() || each.title)) return;
  each.setAttribute("role", "button");
  each.tabIndex = 0;
  const name = each.title || named(each.getAttribute("x-ref")?.match(/^relatedWidgetWrapper(.+)/)?.[1]);
  if (name) each.setAttribute("aria-label", name);
  // An icon is a word to its font, and to a screen reader: beside words of the page it says nothing.
  for (const icon of each.querySelectorAll(".material-symbols-outlined")) icon.setAttribute("aria-hidden", "true");
}
const reachAll = () => document.querySelectorAll(CLICKED).forEach(reach);

const filters = () => document.getElementById("changelist-filter");
let opener = null;

document.addEventListener("alpine:initialized", reachAll);
// After those who make them, who asked before.
window.django?.jQuery?.(nameAll);
document.addEventListener("htmx:afterSwap", reachAll);
document.addEventListener("keydown", (event) => {
  const pressed = event.target;
  if (event.key === "Escape" && opener && filters()?.contains(pressed)) opener.focus();
  if (!["Enter", " "].includes(event.key) || pressed.getAttribute("role") !== "button" || !pressed.matches(CLICKED)) return;
  event.preventDefault();
  const shut = filters() && !seen(filters());
  pressed.click();
  // The filters stand behind the whole list in the page: whoever opened them by a key would have to walk through it.
  // Alpine shows them in the next frame, and may tell of its next tick before that.
  if (shut) Alpine.nextTick(() => requestAnimationFrame(() => {
    if (!seen(filters())) return;
    opener = pressed;
    [...filters().querySelectorAll(FIELDS)].find(seen)?.focus();
  }));
});
})();
