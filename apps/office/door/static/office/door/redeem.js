// The secret of the link stands behind the #, where no server and no log sees it: put it into the form, and out of sight.
"use strict";
const token = document.querySelector("#redeem-form input[name=token]");
if (token && location.hash.length > 1) {
  token.value = decodeURIComponent(location.hash.slice(1));
  // A redirect without a part behind the # keeps that of the form's address: whoever chooses a language keeps the link.
  for (const form of document.querySelectorAll("form:not(#redeem-form)")) form.action += location.hash;
  history.replaceState(null, "", location.pathname + location.search);
}
