// One claim: its place, its verdicts and eras, the trace with its hooks marked, and how to run it.

function strip(claim) {
  const heads = range(D.subjects.length).map((i) => `<th scope="col"><span title="Lightning ${D.subjects[i].lightning}, torch ${D.subjects[i].torch}">${D.subjects[i].line}${D.subjects[i].control ? "<br><small>torch 1.13</small>" : ""}</span></th>`);
  const rows = devicesOf(claim).map((device) => `<tr><th scope="row">${device}</th>${range(D.subjects.length).map((i) => cell(claim, i, device)).join("")}</tr>`);
  return `<p class="legend">${["holds", "refuted", "untested", "broken"].map(badge).join(" ")}</p>
<div class="scroll" role="region" tabindex="0" aria-label="${t("every-release")}"><table class="grid strip"><thead><tr><th scope="col">${t("device")}</th>${heads.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function era(one) {
  const edges = [one.lower && t("from", one.lower), one.upper && t("before", one.upper)].filter(Boolean).join(" ");
  const raises = one.raises ? ` ${t("raises", `<code>${escape(one.raises)}</code>`)}` : "";
  const note = one.en ? ` <span class="why">(${told(one)})</span>` : "";
  const correction = CLAIMS.get(one.correction);
  return `<li><b>${edges || t("every-version")}</b> ${badge(one.expect)}${raises}${note}${correction ? `<p class="instead"><b>${t("instead")}</b>: ${claimLink(correction.id, told(correction))}</p>` : ""}</li>`;
}

function place(claim) {
  const section = D.sections[claim.section];
  const numbers = (claim.sentences || []).map((number) => ` · ${t("sentence", number)}`);
  const corrected = D.claims.filter((other) => other.eras.some((one) => one.correction === claim.id)).map((other) => claimLink(other.id));
  return `<p class="place"><a href="${ROOT}index.html#section=${section.name}">${escape(sectionTitle(section))}</a>${numbers.join("")}</p>
${corrected.length ? `<p>${t("corrects")}: ${corrected.join(", ")}</p>` : ""}`;
}

function verdicts(claim, i) {
  const word = verdict(claim, i, ""), { lightning, torch } = D.subjects[i];
  const edges = (claim.edges || []).map(([last, first, confirmed]) => `<li>${t("edge", last, first)} (${t(confirmed ? "edge-confirmed" : "edge-unconfirmed")})</li>`);
  return `<h1>${claim.id}</h1><p class="statement">${told(claim)}</p>${place(claim)}<p class="said">${t("on-release", lightning, torch, badge(word))}${driftNote(claim, i, "")} <small>${byDevice(claim, i)}</small></p>
${machine(i, devicesOf(claim), claim)}${word === "refuted" || word === "mixed" ? instead(claim, i) : ""}
<h2>${t("every-release")}</h2>${strip(claim)}
<h2>${t("expected")}</h2><ul class="eras">${claim.eras.map(era).join("")}</ul>${edges.length ? `<ul class="eras">${edges.join("")}</ul>` : ""}`;
}

function traceLines(tree, hooks, depth = 0) {
  return tree.items.map((item) => {
    if (typeof item !== "string") return `<span class="h">${"  ".repeat(depth)}── ${item.heading}</span>\n${traceLines(item, hooks, depth + 1)}`;
    const line = "  ".repeat(depth) + escape(item);
    return hooks.has(nameOf(item)) ? `<mark>${line}</mark>\n` : `${line}\n`;
  }).join("");
}

function evidence(claim, i) {
  const hooks = new Set(claim.hooks);
  const telling = RUNS.filter((run) => (trace(run, i) || []).some((event) => hooks.has(nameOf(event))));
  const run = telling.includes(get("run")) ? get("run") : telling[0];
  const choose = (name, pairs, chosen) => `<label>${t(name)} <select data-param="${name}">${pairs.map(([value, label]) => `<option value="${value}"${value === chosen ? " selected" : ""}>${label}</option>`).join("")}</select></label>`;
  const subjects = range(D.subjects.length).reverse().map((k) => [D.subjects[k].key, subjectLabel(k)]);
  const controls = choose("release", subjects, D.subjects[i].key) + (run ? choose("run", telling.map((name) => [name, name]), run) : "");
  const events = run ? trace(run, i) : [];
  const said = run ? t("marked", events.filter((event) => hooks.has(nameOf(event))).length, escape([...hooks].join(", "))) : t("trace-none");
  return `<h2>${t("trace")}</h2><div class="controls">${controls}</div><p role="status">${said}</p>${run ? `<pre class="trace" tabindex="0">${traceLines(outline(events), hooks)}</pre>` : ""}`;
}

function commands(claim) {
  const lines = [`pytest --claim ${claim.id}`, `python -m ledger show ${claim.id}`];
  if (claim.eras.length > 1) lines.push(`python -m ledger bisect ${claim.id}`);
  return `<h2>${t("run-it")}</h2><pre tabindex="0">${lines.join("\n")}</pre>`;
}

VIEWS.claim = () => {
  const claim = CLAIM, i = subjectNamed(get("release"), NEWEST);
  const active = document.activeElement && document.activeElement.dataset.param;
  for (const [id, where] of [["verdicts", "afterbegin"], ["evidence", "beforeend"]])
    if (!$(id)) $("main").insertAdjacentHTML(where, `<div id=${id}></div>`);
  $("verdicts").innerHTML = verdicts(claim, i);
  $("evidence").innerHTML = (claim.hooks ? evidence(claim, i) : "") + commands(claim);
  const pre = document.querySelector(".trace"), first = pre && pre.querySelector("mark");
  if (first) pre.scrollTop = first.offsetTop - pre.offsetTop - 60;
  if (active) document.querySelector(`#evidence [data-param="${active}"]`).focus();
};

// Python, coloured as ledger/site/highlight.py does it; for what stands in no page, but is opened on demand.
const CODE = /("""[^]*?"""|"[^"\n]*"|'[^'\n]*')|(#.*)|(@[\w.]+)|\b(def|class) (\w+)|\b(and|as|assert|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield)\b/g;
const coloured = (code) => code.replace(/[&<>]/g, escape).replace(CODE, (all, string, comment, decorator, kind, name, word) =>
  string ? `<i>${string}</i>` : comment ? `<small>${comment}</small>` : decorator ? `<em>${decorator}</em>` : kind ? `<b>${kind}</b> <u>${name}</u>` : `<b>${word}</b>`);

// What the specs lean on is a script of its own, loaded when a reader first opens it.
function startClaim() {
  for (const [title, first] of [["spec", "figure, [data-t=no-spec]"], ["sabotages", "main > ul"]]) {
    const node = document.querySelector(first);
    if (node) node.insertAdjacentHTML("beforebegin", `<h2 data-t="${title}"></h2>`);
  }
  for (const pre of document.querySelectorAll("figure pre")) pre.tabIndex = 0;
  for (const figure of document.querySelectorAll("figure[data-h]"))
    figure.insertAdjacentHTML("beforeend", `<details data-h="${figure.dataset.h}"><summary data-t="helpers"></summary></details>`);
  document.addEventListener("toggle", openHelpers, true);
}
function openHelpers(event) {
  const details = event.target;
  if (!details.open || !details.dataset.h) return;
  const fill = () => {
    const codes = details.dataset.h.split(" ").map((n) => coloured(window.HELPERS[n]));
    details.insertAdjacentHTML("beforeend", `<pre tabindex="0">${codes.join("\n\n")}</pre>`);
    delete details.dataset.h;
  };
  if (window.HELPERS) return fill();
  const script = document.createElement("script");
  script.src = `${ROOT}helpers.js`;
  script.onload = fill;
  document.head.append(script);
}
