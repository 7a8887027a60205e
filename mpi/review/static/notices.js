// Asks now and then whether there is something to tell the reviewer, as long as somebody sits there: asking keeps the
// session alive, which must end when nobody does.
"use strict";
(() => {
  const EVERY_MS = 15000, PRESENT_MS = 5 * 60000;
  let lastTouch = Date.now();
  for (const kind of ["keydown", "pointerdown", "wheel"]) {
    document.addEventListener(kind, () => { lastTouch = Date.now(); }, { passive: true });
  }
  const look = () => {
    if (document.visibilityState === "visible" && Date.now() - lastTouch < PRESENT_MS) {
      document.body.dispatchEvent(new CustomEvent("look"));
    }
  };
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
})();
