// The tutorial in its outline, each claim with its verdict for one release; with a query, the claims found, best first.

function card(claim, i, device, query) {
  const word = verdict(claim, i, device);
  return `<article class="card ${word}"><div class="head"><h3>${claimLink(claim.id)}</h3>
<p class="said">${badge(word)}${driftNote(claim, i, device)} <small>${byDevice(claim, i)}</small></p></div>
<p class="wording">${told(claim, query)}</p>
${word === "refuted" || word === "mixed" ? instead(claim, i) : ""}${spansText(claim, device)}</article>`;
}

function sentences(section) {
  if (!section.sentences.length) return "";
  const place = D.sections.indexOf(section);
  const rows = section.sentences.map(([number, says, reason]) => {
    const ids = D.claims.filter((claim) => claim.section === place && (claim.sentences || []).includes(number)).map((claim) => claimLink(claim.id));
    return `<li value="${number}">${escape(says)} ${reason ? `<em>(${t("no-claim")}: ${escape(reason)})</em>` : ids.join(", ")}</li>`;
  });
  return `<details class="sentences"><summary>${t("sentences")}</summary><ol lang="en">${rows.join("")}</ol></details>`;
}

function wanted(i, device) {
  const word = get("verdict"), section = get("section");
  return (claim) => (!device || claim.verdicts[device]) && (!word || verdict(claim, i, device) === word) && (!section || D.sections[claim.section].name === section);
}

VIEWS.tutorial = () => {
  const i = subjectNamed(get("release"), NEWEST), device = get("device"), query = get("q");
  if (query) return results(query, i, device);
  const claims = D.claims.filter((claim) => !claim.parent);
  const shown = claims.filter(wanted(i, device));
  const parts = D.sections.map((section, place) => {
    const cards = shown.filter((claim) => claim.section === place);
    if (!cards.length) return "";
    return `<section aria-labelledby="s-${section.name}"><h2 id="s-${section.name}">${escape(sectionTitle(section))} <small>${cards.length}</small></h2>
${sentences(section)}${cards.map((claim) => card(claim, i, device, "")).join("")}</section>`;
  });
  const { lightning, torch } = D.subjects[i];
  $("count").textContent = t("on-release", lightning, torch, t("shown", shown.length, claims.length));
  $("view").innerHTML = machine(i, device ? [device] : DEVICES) + (shown.length ? contents(shown) + parts.join("") : `<p>${t("none")}</p>`);
};

function contents(shown) {
  const links = D.sections.map((section, place) => {
    const count = shown.filter((claim) => claim.section === place).length;
    return count ? `<li><a href="#s-${section.name}">${escape(sectionTitle(section))}</a> <small>${count}</small></li>` : "";
  });
  return links.filter(Boolean).length > 1 ? `<nav class="contents" aria-label="${t("tutorial")}"><ul>${links.join("")}</ul></nav>` : "";
}

function results(query, i, device) {
  const { places, all } = find(query);
  const claims = places.map((place) => D.claims[place]).filter(wanted(i, device));
  const { lightning, torch } = D.subjects[i];
  const said = t(all || !claims.length ? "found" : "found-near", claims.length);
  $("count").textContent = t("on-release", lightning, torch, said);
  $("view").innerHTML = claims.length ? claims.map((claim) => card(claim, i, device, query)).join("") : `<p>${t("none")}</p>`;
}
