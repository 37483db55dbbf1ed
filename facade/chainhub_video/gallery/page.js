
"use strict";
const byId = (id) => document.getElementById(id);
const form = byId("controls");
const grid = byId("grid");
const HOVER = 120; // milliseconds on a card before its video is opened

if (grid) {
  const cards = [...grid.children].map((element, index) => ({
    element, index, ...element.dataset,
    frame: element.querySelector("a.frame"),
    text: ["h2", ".prompt", ".model"].map((part) => element.querySelector(part)?.textContent ?? "").join("\n").toLocaleLowerCase(),
  }));
  const cardOf = new Map(cards.map((card) => [card.element, card]));
  let shown = [...cards]; // in their order

  // Filter and sort.
  const byName = new Intl.Collator(undefined, { numeric: true });
  const latest = (key) => (one, other) => Number(other[key] ?? -1) - Number(one[key] ?? -1);
  const orders = {
    made: latest("made"), seconds: latest("seconds"), took: latest("took"),
    name: (one, other) => byName.compare(one.name, other.name),
    model: (one, other) => !one.model - !other.model || byName.compare(one.model, other.model),
  };
  let order = "made";
  const apply = () => {
    const words = byId("words").value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const model = byId("model").value;
    const states = new Set([...form.querySelectorAll("[name=state]:checked")].map((box) => box.value));
    if (order !== byId("order").value) {
      order = byId("order").value;
      cards.sort((one, other) => orders[order](one, other) || one.index - other.index);
    }
    const wanted = cards.filter((card) =>
      states.has(card.state) && (!model || card.model === model) && words.every((word) => card.text.includes(word)));
    if (wanted.length !== shown.length || wanted.some((card, place) => card !== shown[place])) {
      shown = wanted;
      grid.replaceChildren(...shown.map((card) => card.element)); // far quicker than to hide thousands
    }
    byId("count").textContent = shown.length === cards.length
      ? `${cards.length} shown` : `${shown.length} of ${cards.length} shown`;
    byId("nomatch").hidden = shown.length > 0;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("clear").addEventListener("click", () => {
    form.reset();
    apply();
    byId("words").focus();
  });
  form.hidden = false;
  apply();

  // Long prompts.
  for (const button of grid.querySelectorAll(".more")) {
    const prompt = byId(button.getAttribute("aria-controls"));
    const toggle = (open) => {
      prompt.classList.toggle("cut", !open);
      button.setAttribute("aria-expanded", String(open));
      button.textContent = open ? "Shorter" : "Whole prompt";
    };
    toggle(false);
    button.hidden = false;
    button.addEventListener("click", () => toggle(button.getAttribute("aria-expanded") === "false"));
  }

  // Play without sound while a card is pointed at or has the focus.
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let timer, preview;
  const stop = () => {
    clearTimeout(timer);
    release(preview);
    preview = undefined;
  };
  const release = (video) => {
    if (!video) return;
    video.pause();
    video.removeAttribute("src"); // lets go of the file and of the decoder
    video.load();
    video.remove();
  };
  const silent = (frame, address, preload) => {
    const video = document.createElement("video");
    Object.assign(video, { muted: true, loop: true, playsInline: true, preload, src: address, tabIndex: -1 });
    video.setAttribute("aria-hidden", "true");
    frame.prepend(video);
    return video;
  };
  const start = (frame) => {
    stop();
    if (calm.matches || player.open) return;
    timer = setTimeout(() => {
      const video = silent(frame, frame.href, "none");
      preview = video;
      frame.insertBefore(video, frame.querySelector(".length"));
      video.className = "preview";
      video.addEventListener("playing", () => video.classList.add("shown"));
      video.play().catch(() => { if (preview === video) stop(); });
    }, HOVER);
  };
  grid.addEventListener("pointerover", (event) => {
    const frame = event.target.closest("a.frame");
    if (frame && event.pointerType === "mouse" && !frame.contains(event.relatedTarget)) start(frame);
  });
  grid.addEventListener("pointerout", (event) => {
    const frame = event.target.closest("a.frame");
    if (frame && !frame.contains(event.relatedTarget)) stop();
  });
  grid.addEventListener("focusin", (event) => {
    if (event.target.matches("a.frame:focus-visible")) start(event.target);
  });
  grid.addEventListener("focusout", stop);

  // Play with sound and controls.
  const player = byId("player");
  let current;
  const empty = () => {
    release(byId("screen").querySelector("video"));
    byId("screen").replaceChildren();
  };
  const playable = () => shown.filter((card) => card.frame);
  const show = (card) => {
    current = card;
    empty();
    const video = document.createElement("video");
    Object.assign(video, { controls: true, autoplay: true, playsInline: true, src: card.frame.href });
    video.addEventListener("error", () => {
      const words = document.createElement("p");
      words.textContent = "This browser cannot play the video, or the file has gone.";
      byId("screen").replaceChildren(words);
    });
    byId("screen").append(video);
    byId("playing").textContent = card.element.querySelector("h2").textContent;
    byId("said").textContent = card.element.querySelector(".prompt")?.textContent ?? "";
    byId("facts").replaceChildren(...[...card.element.querySelector(".facts").cloneNode(true).childNodes]);
    const all = playable();
    byId("previous").disabled = all[0] === card;
    byId("next").disabled = all.at(-1) === card;
    if (!player.open) player.showModal();
    video.focus();
  };
  const move = (step) => {
    const all = playable();
    const next = all[all.indexOf(current) + step];
    if (next) show(next);
  };
  grid.addEventListener("click", (event) => {
    const frame = event.target.closest("a.frame");
    if (!frame || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    stop();
    show(cardOf.get(frame.closest("li")));
  });
  byId("previous").addEventListener("click", () => move(-1));
  byId("next").addEventListener("click", () => move(1));
  byId("close").addEventListener("click", () => player.close());
  player.addEventListener("click", (event) => { if (event.target === player) player.close(); });
  player.addEventListener("close", () => {
    empty();
    current?.frame.focus();
  });

  // Posters, where the reader looks. They are the last part of the file, so they may come later than this script.
  const watch = () => {
    const posters = JSON.parse(byId("posters").textContent);
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const { frame, poster } = cardOf.get(target);
        if (poster === undefined) { // the browser looks for a first picture itself, in few videos at a time
          if (!isIntersecting) release(frame.querySelector(".still"));
          else if (!frame.querySelector(".still")) silent(frame, `${frame.href}#t=0.1`, "metadata").className = "still";
        } else if (isIntersecting) {
          const image = new Image();
          image.alt = "";
          image.src = `data:image/webp;base64,${posters[poster][3]}`;
          frame.prepend(image);
          observer.unobserve(target);
        }
      }
    }, { rootMargin: "600px" });
    for (const card of cards) if (card.frame) observer.observe(card.element);
  };
  addEventListener("DOMContentLoaded", watch);
}
