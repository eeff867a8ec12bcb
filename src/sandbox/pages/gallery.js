// Arrow keys, and fresh photos while they arrive. Every page works without this script.
"use strict";

const POLL_MS = 2000;
const STOPPED_POLL_MS = 5000;

// ---- The arrow keys go to the previous and the next photo or page.

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  // A video seeks with them, and a table scrolls.
  if (!rel || event.target.closest("video, input, [tabindex]")) return;
  const link = document.querySelector(`main a[rel="${rel}"]`);
  if (!link) return;
  event.preventDefault();
  link.click();
});

// ---- What is marked with data-live follows the server. Focus and place stay.

async function refresh() {
  let wait = POLL_MS;
  try {
    const answer = await fetch(location.href);
    if (answer.ok) update(new DOMParser().parseFromString(await answer.text(), "text/html"));
    say("");
  } catch {
    say("The sandbox has stopped.");
    wait = STOPPED_POLL_MS;
  }
  setTimeout(refreshWhenSeen, wait);
}

function refreshWhenSeen() {
  if (!document.hidden) return refresh();
  document.addEventListener("visibilitychange", refresh, { once: true });
}

function say(text) {
  const status = document.getElementById("status");
  if (status.textContent !== text) status.textContent = text;
}

function update(fresh) {
  const names = (page) => [...page.querySelectorAll("[data-live]")].map((place) => place.dataset.live);
  if (names(document).join() !== names(fresh).join()) {
    // The page has another shape: the first photo has arrived, or a second page.
    document.querySelector("main").replaceChildren(...fresh.querySelector("main").childNodes);
  }
  const stay = anchor();
  for (const place of document.querySelectorAll("[data-live]")) {
    const news = fresh.querySelector(`[data-live="${place.dataset.live}"]`);
    if (!news || place.innerHTML === news.innerHTML) continue;
    if (news.firstElementChild?.dataset.key) merge(place, news);
    else replace(place, news);
  }
  stay();
}

// Remembers the first tile in view, and scrolls by as much as it moved. At the top, new photos show.
function anchor() {
  if (window.scrollY < 1) return () => {};
  const tiles = document.querySelectorAll("[data-key]");
  const first = [...tiles].find((tile) => tile.getBoundingClientRect().bottom > 0);
  const before = first?.getBoundingClientRect().top;
  return () => {
    if (first?.isConnected) window.scrollBy(0, first.getBoundingClientRect().top - before);
  };
}

// Adds and removes tiles; those that stay are not touched, nor is the one that has the focus.
function merge(place, news) {
  const wanted = new Map([...news.children].map((tile) => [tile.dataset.key, tile]));
  for (const tile of [...place.children]) {
    if (!wanted.has(tile.dataset.key) && !tile.contains(document.activeElement)) tile.remove();
  }
  const there = new Map([...place.children].map((tile) => [tile.dataset.key, tile]));
  let next = place.firstElementChild;
  for (const [key, tile] of wanted) {
    while (next && !wanted.has(next.dataset.key)) next = next.nextElementSibling;
    const known = there.get(key);
    if (known && known === next) next = next.nextElementSibling;
    else place.insertBefore(known ?? tile, next);
  }
}

function replace(place, news) {
  const links = (within) => [...within.querySelectorAll("a, button")];
  const focused = links(place).indexOf(document.activeElement);
  place.replaceChildren(...news.childNodes);
  if (focused >= 0) links(place)[focused]?.focus({ preventScroll: true });
}

setTimeout(refreshWhenSeen, POLL_MS);
