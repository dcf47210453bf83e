"use strict";
document.documentElement.classList.add("scripted");

// A filter shows the rows or expanders of its list that contain the text and
// have the chosen value under each key.
for (const form of document.querySelectorAll(".filter")) {
  const list = document.getElementById(form.dataset.for);
  const items = [...(list.tBodies ? list.tBodies[0].rows : list.children)];
  const text = form.querySelector("input");
  const choices = [...form.querySelectorAll("select")];
  const apply = () => {
    const wanted = text.value.toLowerCase();
    let shown = 0;
    for (const item of items) {
      const ok = (!wanted || item.textContent.toLowerCase().includes(wanted)) &&
        choices.every(c => !c.value || (item.dataset[c.dataset.key] || "").split(" ").includes(c.value));
      item.hidden = !ok;
      if (ok) shown++;
    }
    form.querySelector("output").value = shown + " of " + items.length;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", e => e.preventDefault());
  apply();
}

for (const button of document.querySelectorAll("[data-open]")) {
  button.addEventListener("click", () => {
    const all = [...document.getElementById(button.dataset.open).querySelectorAll("details:not([hidden])")];
    const open = !all.every(d => d.open);
    for (const d of all) d.open = open;
    button.textContent = open ? "Close all" : "Open all";
  });
}

// The report and the study are tabs; a link into the one that is hidden shows it.
const tabs = [...document.querySelectorAll("[role=tab]")];
const show = tab => {
  for (const t of tabs) {
    t.setAttribute("aria-selected", t === tab);
    t.tabIndex = t === tab ? 0 : -1;
    document.getElementById(t.getAttribute("aria-controls")).hidden = t !== tab;
  }
};
tabs.forEach((tab, i) => {
  tab.addEventListener("click", () => show(tab));
  tab.addEventListener("keydown", e => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[e.key];
    if (!step) return;
    const next = tabs[(i + step + tabs.length) % tabs.length];
    show(next);
    next.focus();
  });
});
if (tabs.length) show(tabs[0]);

// A link into something folded opens it.
const reveal = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let d = target; d; d = d.parentElement) {
    if (d.tagName === "DETAILS") d.open = true;
    const tab = tabs.find(t => t.getAttribute("aria-controls") === d.id);
    if (tab) show(tab);
  }
};
addEventListener("hashchange", reveal);
reveal();

// On paper there is nothing to click. What is folded is opened, but for the
// values of the scenarios, which would fill hundreds of sheets.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")].filter(d => !d.closest("#scenario-list"));
  for (const d of folded) d.open = true;
});
addEventListener("afterprint", () => { for (const d of folded) d.open = false; });
