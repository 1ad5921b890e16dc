// What makes pages live: parts that the server sends anew are put in their place, links within a page change the page without loading all of
// it, and keys. Without this script pages are as they were when they were loaded.
"use strict";

/** The state of what follows the page. */
const following = { source: null, held: new Map() };

const byId = (id) => document.getElementById(id);

/** What is open or has the focus in a part, so that it stays so. */
function remember(part) {
  const active = part.contains(document.activeElement) ? document.activeElement : null;
  return {
    open: [...part.querySelectorAll("details[open]")].map((d) => d.id),
    focus: active && (active.id ? "#" + CSS.escape(active.id) : active.getAttribute("href") && `${active.localName}[href="${CSS.escape(active.getAttribute("href"))}"]`),
    place: active && active.matches(".plot") ? [...part.querySelectorAll(".plot")].indexOf(active) : -1,
    scroll: [...part.querySelectorAll(".scroll")].map((s) => s.scrollLeft),
  };
}

function restore(part, was) {
  for (const id of was.open) if (id && part.querySelector("#" + CSS.escape(id))) part.querySelector("#" + CSS.escape(id)).open = true;
  part.querySelectorAll(".scroll").forEach((s, i) => { s.scrollLeft = was.scroll[i] || 0; });
  const again = was.place >= 0 ? part.querySelectorAll(".plot")[was.place] : was.focus && part.querySelector(was.focus);
  if (again) again.focus({ preventScroll: true });
}

/** Whether somebody is writing in a part, or drawing on it: it must not change under their hands. */
function busy(part) {
  const active = document.activeElement;
  return part.dataset.busy !== undefined || (part.contains(active) && active.matches("input, select, textarea, button"));
}

function put(name, html) {
  const part = byId("part-" + name);
  if (!part) return;
  if (busy(part)) {
    following.held.set(name, html);
    return;
  }
  following.held.delete(name);
  const was = remember(part);
  document.body.dataset.putting = ""; // what loses the focus now gets it again
  part.innerHTML = html;
  restore(part, was);
  delete document.body.dataset.putting;
  document.dispatchEvent(new CustomEvent("renewed", { detail: part }));
}

function putHeld() {
  for (const [name, html] of [...following.held]) put(name, html);
}

function say(text) {
  const live = byId("live");
  if (live.textContent !== text) live.textContent = text;
  live.className = text;
}

function follow() {
  if (following.source) following.source.close();
  following.source = null;
  const address = document.body.dataset.live;
  if (!address || document.hidden) return;
  const source = new EventSource(address);
  following.source = source;
  source.addEventListener("open", () => say("live"));
  source.addEventListener("part", (e) => {
    const part = JSON.parse(e.data);
    put(part.id, part.html);
  });
  source.addEventListener("error", () => say(source.readyState === EventSource.CLOSED ? "not live" : "reconnecting"));
}

/** Loads an address of the same page and puts its parts in their places. */
async function go(address, push = true) {
  const url = new URL(address, location.href);
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok || next.body.className !== document.body.className) {
    location.assign(url);
    return;
  }
  if (push) history.pushState(null, "", url);
  document.body.dataset.live = next.body.dataset.live || "";
  following.held.clear();
  for (const part of document.querySelectorAll(".part")) {
    const renewed = next.getElementById(part.id);
    if (renewed) put(part.id.replace("part-", ""), renewed.innerHTML);
  }
  follow();
}

const reload = (address, push) => go(address, push).catch(() => location.assign(address));

document.addEventListener("click", (e) => {
  const link = e.target.closest("a");
  if (!link || e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey || link.target) return;
  const within = link.closest(".range, .paging, .counts");
  if (!within || link.pathname !== location.pathname) return;
  e.preventDefault();
  reload(link.href);
});
addEventListener("popstate", () => reload(location.href, false));

// A choice in a filter shows at once; what is written, after a moment.
let writing = 0;
function apply(form) {
  const fields = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...fields]) if (!value) fields.delete(name);
  reload(form.getAttribute("action") + (fields.size ? "?" + fields : ""));
}
for (const form of document.querySelectorAll("form.filters")) {
  form.addEventListener("change", (e) => { if (e.target.matches("select")) apply(form); });
  form.addEventListener("input", (e) => {
    if (!e.target.matches("input")) return;
    clearTimeout(writing);
    writing = setTimeout(apply, 250, form);
  });
  form.addEventListener("submit", (e) => { e.preventDefault(); clearTimeout(writing); apply(form); });
}

// Keys: / goes to the search, and links that name a key are followed by it.
addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.matches("input, select, textarea")) return;
  if (e.key === "/" && document.querySelector("input[type=search]")) {
    e.preventDefault();
    document.querySelector("input[type=search]").focus();
    return;
  }
  const link = [...document.querySelectorAll("a[data-key]")].find((a) => a.dataset.key === e.key);
  if (link) {
    e.preventDefault();
    link.click();
  }
});

// The theme: as the system says, light, dark.
const themes = ["auto", "light", "dark"];
const button = byId("theme");
function theme() { return document.documentElement.dataset.theme || "auto"; }
function show() {
  button.textContent = { auto: "◐", light: "○", dark: "●" }[theme()];
  button.setAttribute("aria-label", "Theme: " + theme());
  button.title = "theme: " + theme();
}
button.addEventListener("click", () => {
  const next = themes[(themes.indexOf(theme()) + 1) % themes.length];
  if (next === "auto") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem("theme");
  } else {
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
  }
  show();
});
show();
button.hidden = false;
document.querySelector(".keys").hidden = false;

// What can be scrolled sideways can be reached by keys.
function reach() {
  for (const s of document.querySelectorAll(".scroll")) {
    if (s.scrollWidth > s.clientWidth) s.tabIndex = 0; else s.removeAttribute("tabindex");
  }
}
document.addEventListener("renewed", reach);
document.addEventListener("toggle", reach, true);
addEventListener("resize", reach);
reach();

document.addEventListener("focusout", () => setTimeout(putHeld, 0));
document.addEventListener("released", putHeld);
document.addEventListener("visibilitychange", follow);
addEventListener("pagehide", () => { if (following.source) following.source.close(); });
document.addEventListener("zoom", (e) => {
  const v = new URLSearchParams(location.search);
  v.delete("range");
  v.set("from", e.detail.from);
  v.set("to", e.detail.to);
  reload(location.pathname + "?" + v);
});
follow();
