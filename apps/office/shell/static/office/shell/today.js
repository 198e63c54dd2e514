"use strict";
// A browser's calendar marks its own today. Where that is another day than the school's, a button takes the school's.
addEventListener("DOMContentLoaded", () => {
  const now = new Date(), here = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  for (const field of document.querySelectorAll("input[type=date][data-today]")) {
    if (field.dataset.today === here || field.readOnly || field.disabled) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "office-today";
    button.textContent = field.dataset.todayWords;
    button.addEventListener("click", () => {
      field.value = field.dataset.today;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
    field.after(button);
  }
});
