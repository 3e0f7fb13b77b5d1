"use strict";
// Draw the plots in the colours of the page, and again when the reader changes between light and dark. What is folded away
// has no width, so it is drawn when it is opened.
const specs = JSON.parse(document.getElementById("specs").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
function draw() {
  for (const place of document.querySelectorAll(".chart")) {
    if (place.closest("details:not([open])")) continue;
    const options = {actions: false, renderer: "svg", theme: dark.matches ? "dark" : undefined};
    window.vegaEmbed(place, specs[place.dataset.spec], options).catch((error) => console.error(error));
  }
}
dark.addEventListener("change", draw);
for (const folded of document.querySelectorAll("details.folded")) folded.addEventListener("toggle", draw);
draw();

// Sort a table by a column: once for descending, again for ascending; what has no value stays last.
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th");
    const rising = head.getAttribute("aria-sort") === "descending";
    const sign = rising ? 1 : -1;
    const body = head.closest("table").tBodies[0];
    const column = head.cellIndex;
    const key = (row) => row.cells[column].dataset.value;
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      const [p, q] = [Number(x), Number(y)];
      return sign * (Number.isNaN(p) || Number.isNaN(q) ? x.localeCompare(y) : p - q);
    });
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    body.append(...rows);
  });
}
