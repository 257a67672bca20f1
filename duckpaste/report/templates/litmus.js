"use strict";
(() => {
  const main = document.getElementById("main");
  const cards = [...document.querySelectorAll(".entity")];
  const buttons = [...document.querySelectorAll("[data-rating]")];
  const rater = document.getElementById("rater");
  const answers = {}, seconds = {};
  let at = 0, since = performance.now(), saved = true;

  function show(index, focus) {
    cards[at].hidden = true;
    at = Math.max(0, Math.min(cards.length - 1, index));
    cards[at].hidden = false;
    since = performance.now();
    const mine = answers[cards[at].dataset.id];
    for (const b of buttons) b.setAttribute("aria-pressed", String(Number(b.dataset.rating) === mine));
    const rated = Object.keys(answers).length;
    document.getElementById("done").value = rated;
    document.getElementById("progress").textContent = rated === cards.length
      ? "All " + rated + " cards are rated: save your answers"
      : "Card " + (at + 1) + " of " + cards.length + ", " + rated + " rated";
    if (focus) { cards[at].focus({ preventScroll: true }); window.scrollTo(0, 0); }
  }

  function rate(value) {
    const id = cards[at].dataset.id;
    answers[id] = value;
    seconds[id] = Math.round((performance.now() - since) / 100) / 10;
    saved = false;
    show(at + 1, true);
  }

  function save() {
    const told = {
      litmus: 1, test: main.dataset.test, view: main.dataset.view, rater: rater.value.trim(), key: main.dataset.key,
      cards: cards.length, answers, seconds,
    };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(told, null, 1)], { type: "application/json" }));
    const name = rater.value.trim().replace(/[^\p{L}\p{N}]+/gu, "-");
    link.download = "litmus-" + main.dataset.test + (name ? "-" + name : "") + ".json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    saved = true;
  }

  for (const b of buttons) b.addEventListener("click", () => rate(Number(b.dataset.rating)));
  document.getElementById("save").addEventListener("click", save);
  document.addEventListener("keydown", (event) => {
    if (event.target === rater || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest(".scroll") && event.key.startsWith("Arrow")) return;
    if (event.key >= "1" && event.key <= "5") rate(Number(event.key));
    else if (event.key === "ArrowLeft") show(at - 1, true);
    else if (event.key === "ArrowRight") show(at + 1, true);
    else if (event.key.toLowerCase() === "s") save();
    else return;
    event.preventDefault();
  });
  window.addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
  show(0, false);
})();
