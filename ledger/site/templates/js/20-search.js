// Which claims have the words of a query, best first. Works the same for both languages.

const STOP = new Set("a an and are be did do does for how i in is it its me my now of on or still that the there this to use used was what when where which with".split(" "));
const plain = (text) => text.toLowerCase().replace(/-/g, "_");
const HAYSTACKS = D.claims.map((claim) => ({
  id: plain(claim.id),
  hooks: (claim.hooks || []).map(plain),
  text: plain([claim.id, claim.en, claim.zh, ...(claim.hooks || [])].join("\n")),
}));

function wordsOf(query) {
  const all = plain(query).split(/[\s,;?!"，。？！、：；]+/).map((word) => word.replace(/\(\)$|\.$/g, "")).filter(Boolean);
  const telling = all.filter((word) => !STOP.has(word));
  return telling.length ? telling : all;
}

// What a word tells: the more, the fewer claims have it.
function weight(word) {
  const having = HAYSTACKS.filter((one) => one.text.includes(word)).length;
  return having ? Math.log(1 + HAYSTACKS.length / having) : 0;
}

// The same for a claim; it counts more where the word is part of the id, or one of the few hooks the claim is about.
function score(place, words, weights) {
  const { id, hooks, text } = HAYSTACKS[place];
  let matched = 0, told = 0, points = D.claims[place].parent ? -0.1 : 0;
  words.forEach((word, n) => {
    if (!text.includes(word)) return;
    const about = hooks.some((hook) => `.${hook}`.endsWith(`.${word}`)) ? 2 / hooks.length : 0;
    matched += 1;
    told += weights[n];
    points += weights[n] * ((id.split(".").includes(word) ? 3 : id.includes(word) ? 1.5 : 1) + about);
  });
  return { place, matched, told, points };
}

// { places, all }: the claims that have all the words, or come near, best first; `all` says whether any has all.
// A filter is `strict`: it lets near ones through only where no claim has all.
const NEAR = 0.6;
function find(query, strict = false) {
  const words = wordsOf(query), weights = words.map(weight);
  const scored = range(D.claims.length).map((place) => score(place, words, weights));
  const most = Math.max(...scored.map((one) => one.told)), all = scored.some((one) => one.matched === words.length);
  const best = scored.filter((one) => (strict && all ? one.matched === words.length : one.told > 0 && one.told >= NEAR * most));
  best.sort((a, b) => b.points - a.points || a.place - b.place);
  return { places: best.map((one) => one.place), all };
}

// The wording of a claim, with what the query found marked, and what stands in backticks as code.
const told = (claim, query = "") => marked(wording(claim), query).replace(/`([^`]+)`/g, "<code>$1</code>");

function marked(text, query) {
  const words = query ? wordsOf(query).map((word) => escape(word).replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/_/g, "[-_]")) : [];
  return words.length ? escape(text).replace(new RegExp(words.join("|"), "gi"), "<mark>$&</mark>") : escape(text);
}
