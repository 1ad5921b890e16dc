// Charts: what lies under the pointer or the arrow keys is read out, in all charts of a page at once; a stretch that is drawn over is shown
// larger, which the server draws. The server writes the texts; there is no formatting here.
"use strict";

const svgSpace = "http://www.w3.org/2000/svg";
const chartsOf = () => [...document.querySelectorAll(".plot > svg[data-at]")];

/** The moments of a chart: their places, 0 to 1, and their texts. */
const read = new WeakMap();
function moments(svg) {
  if (!read.has(svg)) {
    read.set(svg, { at: svg.dataset.at.split(" ").map((x) => Number(x) / 1e4), text: svg.dataset.text.split("\n") });
  }
  return read.get(svg);
}

/** The number of the moment nearest to a place; they ascend. */
function nearest(at, x) {
  let low = 0;
  let high = at.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (at[middle] < x) low = middle; else high = middle;
  }
  return Math.abs(at[low] - x) <= Math.abs(at[high] - x) ? low : high;
}

function mark(svg, name, x, width) {
  let rect = svg.querySelector("." + name);
  if (x === null) {
    if (rect) rect.remove();
    return;
  }
  if (!rect) {
    rect = document.createElementNS(svgSpace, "rect");
    rect.setAttribute("class", name);
    rect.setAttribute("y", "0");
    svg.append(rect);
  }
  rect.setAttribute("height", svg.querySelector(".plot").getAttribute("height"));
  rect.setAttribute("x", 100 * x + "%");
  rect.setAttribute("width", width);
}

/** The place that is pointed at. */
let pointed = null;

/** Reads out what is at a place in every chart; null ends it. */
function point(x) {
  pointed = x;
  for (const svg of chartsOf()) {
    const out = svg.closest("figure").querySelector("output");
    const { at, text } = moments(svg);
    if (x === null || !at.length) {
      mark(svg, "cross", null);
      out.textContent = "";
      continue;
    }
    const i = nearest(at, x);
    mark(svg, "cross", at[i], "1");
    out.textContent = text[i];
  }
}

const place = (svg, e) => {
  const box = svg.getBoundingClientRect();
  return Math.min(1, Math.max(0, (e.clientX - box.left) / box.width));
};

/** The stretch that is being drawn over. */
let drawn = null;

function zoom(svg, from, to) {
  const start = Number(svg.dataset.from);
  const whole = Number(svg.dataset.to) - start;
  const time = (x) => new Date(Math.round((start + x * whole) / 1000) * 1000).toISOString().replace(".000", "");
  if (time(from) !== time(to)) document.dispatchEvent(new CustomEvent("zoom", { detail: { from: time(from), to: time(to) } }));
}

document.addEventListener("pointermove", (e) => {
  const svg = e.target.closest && e.target.closest(".plot > svg[data-at]");
  if (drawn) {
    const x = place(drawn.svg, e);
    for (const each of chartsOf()) mark(each, "brush", Math.min(drawn.x, x), 100 * Math.abs(x - drawn.x) + "%");
    return;
  }
  point(svg ? place(svg, e) : null);
});
document.addEventListener("pointerdown", (e) => {
  const svg = e.target.closest(".plot > svg[data-at]");
  if (!svg || e.button || e.target.closest("a") || e.pointerType === "touch") return;
  e.preventDefault();
  drawn = { svg, x: place(svg, e), part: svg.closest(".part") };
  drawn.part.dataset.busy = "";
});
document.addEventListener("pointerup", (e) => {
  if (!drawn) return;
  const { svg, x, part } = drawn;
  const end = place(svg, e);
  drawn = null;
  for (const each of chartsOf()) mark(each, "brush", null);
  delete part.dataset.busy;
  if (Math.abs(end - x) > 0.005) zoom(svg, Math.min(x, end), Math.max(x, end));
  document.dispatchEvent(new Event("released"));
});
addEventListener("keydown", (e) => {
  if (e.key === "Escape" && drawn) {
    delete drawn.part.dataset.busy;
    drawn = null;
    for (const each of chartsOf()) mark(each, "brush", null);
  }
});

// The arrow keys go from moment to moment, with Shift ten at once; + shows more closely what is around it.
const reading = { at: -1 };
document.addEventListener("keydown", (e) => {
  const plot = e.target.closest && e.target.closest(".plot");
  const svg = plot && plot.querySelector("svg[data-at]");
  if (!svg) return;
  const { at } = moments(svg);
  if (!at.length) return;
  const by = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
  if (by) {
    reading.at = reading.at < 0 ? at.length - 1 : Math.min(at.length - 1, Math.max(0, reading.at + by * (e.shiftKey ? 10 : 1)));
  } else if (e.key === "Home" || e.key === "End") {
    reading.at = e.key === "Home" ? 0 : at.length - 1;
  } else if (e.key === "+" && reading.at >= 0) {
    zoom(svg, Math.max(0, at[reading.at] - 0.25), Math.min(1, at[reading.at] + 0.25));
    return;
  } else {
    return;
  }
  e.preventDefault();
  point(at[reading.at]);
  plot.closest("figure").querySelector("output").setAttribute("aria-live", "polite");
});
document.addEventListener("focusout", (e) => {
  if (document.body.dataset.putting === undefined && e.target.matches && e.target.matches(".plot")) {
    reading.at = -1;
    point(null);
  }
});

// What was pointed at stays so when the charts are drawn anew.
document.addEventListener("renewed", (e) => { if (pointed !== null && e.detail.querySelector(".plot")) point(pointed); });
