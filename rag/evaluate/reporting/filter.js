"use strict";
// Shows the misses that the choices and the words name. Without scripts all are shown.
const form = document.getElementById("filters");
if (form) {
  const misses = Array.from(document.querySelectorAll(".miss"));
  const count = document.getElementById("shown");
  const show = () => {
    const words = form.elements.words.value.toLowerCase();
    const chosen = Array.from(form.querySelectorAll("select")).filter((box) => box.value);
    const fits = (found, box) =>
      box.name === "wrong" ? found.split(" ").includes(box.value) : found === box.value;
    let shown = 0;
    for (const miss of misses) {
      const fitting = chosen.every((box) => fits(miss.dataset[box.name], box));
      miss.hidden = !(fitting && miss.textContent.toLowerCase().includes(words));
      shown += miss.hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${misses.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}
