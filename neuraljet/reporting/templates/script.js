"use strict";
// Tables whose class is "sortable": the words of a column's head become a button, which sorts by that column.
document.querySelectorAll("table.sortable").forEach((table) => {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      const value = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent.trim();
      const order = (a, b) => {
        const [x, y] = [value(a), value(b)];
        const [m, n] = [Number(x), Number(y)];
        return x === "" || y === "" || Number.isNaN(m) || Number.isNaN(n) ? x.localeCompare(y) : m - n;
      };
      const body = table.tBodies[0];
      const rows = Array.from(body.rows).sort(order);
      body.append(...(down ? rows.reverse() : rows));
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
    });
  });
});
// The operating point: the slider moves along points that are in the page.
const slider = document.getElementById("slider");
if (slider) {
  const points = JSON.parse(document.getElementById("points").textContent);
  const input = document.getElementById("point");
  const mark = document.querySelector("circle.point");
  const of = (count, total) => `${count.toLocaleString("en")} of ${total.toLocaleString("en")} (${(100 * count / total).toFixed(1)} %)`;
  const show = () => {
    const point = points[Number(input.value)];
    const set = (id, text) => { document.getElementById(id).textContent = text; };
    set("offset", String(point.offset));
    set("escapes", of(point.escapes, Number(slider.dataset.bads)));
    set("rejects", of(point.rejects, Number(slider.dataset.goods)));
    set("escape", `95 % interval ${point.escape}`);
    set("reject", `95 % interval ${point.reject}`);
    input.setAttribute("aria-valuetext", `offset ${point.offset}`);
    mark.setAttribute("cx", String(point.x));
    mark.setAttribute("cy", String(point.y));
  };
  input.addEventListener("input", show);
  slider.querySelectorAll("button").forEach((button) => {
    button.addEventListener("click", () => { input.value = button.dataset.to; show(); });
  });
  slider.hidden = false;
  show();
}
