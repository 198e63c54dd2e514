// A receipt that was just written prints itself, and reloading its page does not print it again.
const receipt = document.getElementById("receipt");
history.replaceState(null, "", location.pathname);
receipt.addEventListener("load", () => {
  receipt.contentWindow.focus();
  receipt.contentWindow.print();
}, { once: true });
