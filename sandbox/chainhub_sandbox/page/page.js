// Refresh what has changed, in place: by asking for the same page again. Without this the page is whole, too.
"use strict";

const HOME = location.pathname.includes("/tasks/") ? location.pathname : "/"; // not where a form went
const PAUSE = 1000; // milliseconds between two questions
const teller = document.getElementById("status");
const offline = document.getElementById("offline");
let etag = "";
let timer = 0;
let pressed = false; // what is under a finger must not be exchanged, or the click is lost

function say(text) {
  teller.textContent = text;
}

// Replace an element whose content has another key; the focus stays where it was.
function replace(shown, fresh) {
  if (shown.dataset.key === fresh.dataset.key) return;
  const focused = shown.contains(document.activeElement) ? document.activeElement.id : "";
  shown.replaceChildren(...fresh.childNodes);
  shown.dataset.key = fresh.dataset.key;
  if (focused) {
    // A button whose work is done has gone: go on from what it belonged to.
    const next = document.getElementById(focused) || shown.closest("[tabindex], li, section");
    if (!next.matches("button, a, input, [tabindex]")) next.tabIndex = -1;
    next.focus({ preventScroll: true });
  }
}

function mergeTasks(fresh) {
  const list = document.getElementById("task-list");
  const news = [];
  let place = list.firstElementChild;
  for (const item of [...fresh.getElementById("task-list").children]) {
    const shown = document.getElementById(item.id);
    if (shown === null) {
      list.insertBefore(item, place);
      news.push(`${item.dataset.name} created`);
      continue;
    }
    if (shown.dataset.status !== item.dataset.status) {
      shown.dataset.status = item.dataset.status;
      news.push(`${item.dataset.name}: ${item.dataset.status}`);
    }
    for (const part of item.querySelectorAll("[data-live]")) {
      replace(document.getElementById(part.id), part);
    }
    item.remove(); // its parts must not be found twice
    place = shown.nextElementSibling;
  }
  while (place) {
    const gone = place;
    place = place.nextElementSibling;
    gone.remove();
  }
  if (news.length) say(news.slice(0, 5).join(". "));
}

function merge(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  mergeTasks(fresh);
  for (const part of fresh.querySelectorAll("[data-live]")) {
    const shown = document.getElementById(part.id);
    if (shown) replace(shown, part);
  }
}

async function refresh() {
  clearTimeout(timer);
  try {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch(HOME + location.search, { headers, cache: "no-store" });
    if (answer.ok && pressed) {
      etag = ""; // ask for it again
    } else if (answer.ok) {
      etag = answer.headers.get("ETag") || "";
      merge(await answer.text());
    } else if (answer.status !== 304) {
      throw new Error(answer.statusText);
    }
    offline.hidden = true;
  } catch {
    offline.hidden = false;
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, PAUSE);
}

// Switches and a task's buttons act without leaving the page.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-quiet]")) return;
  event.preventDefault();
  try {
    const body = new URLSearchParams(new FormData(form));
    await fetch(form.action, { method: "POST", body, redirect: "manual" });
  } finally {
    refresh();
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    say("Copied");
  } catch {
    getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
    button.textContent = "Selected";
    say("Selected, not copied");
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
});

for (const kind of ["pointerdown", "pointerup", "pointercancel"]) {
  document.addEventListener(kind, () => (pressed = kind === "pointerdown"));
}
document.addEventListener("visibilitychange", refresh);
document.documentElement.classList.add("js");
if (location.pathname !== HOME) history.replaceState(null, "", "/"); // to be reloaded without sending the form again
document.getElementById("message")?.focus();
refresh();
