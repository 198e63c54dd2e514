// A page is hidden until Alpine has uncovered it, and what is hidden takes no focus: on a slow machine `autofocus` was lost.
// Alpine says that it has begun just before it uncovers.
document.addEventListener("alpine:initialized", () => setTimeout(() => {
  // A menu longer than the window begins where we are.
  document.querySelector(".office-menu [aria-current]")?.scrollIntoView({ block: "nearest" });
  if (document.activeElement === document.body) document.querySelector("[autofocus]")?.focus();
}));
