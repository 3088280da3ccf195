// Live progress and copy buttons. Without this file every form and page works all the same.
"use strict";

function watch(place) {
  const events = new EventSource(place.dataset.events);
  const said = document.getElementById("said");
  events.onmessage = (event) => {
    const state = JSON.parse(event.data);
    place.innerHTML = state.html; // our own template, in which every foreign text is escaped
    if (said.textContent !== state.said) said.textContent = state.said;
  };
  events.addEventListener("ended", () => {
    events.close();
    location.reload();
  });
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    const range = document.createRange(); // no clipboard: the text is marked, ready for Ctrl+C
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return;
  }
  const before = button.textContent;
  button.textContent = button.dataset.copied;
  document.getElementById("said").textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = before; }, 2000);
}

document.querySelectorAll("[data-events]").forEach(watch);
document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button) copy(button);
});
document.getElementById("problem")?.focus();
