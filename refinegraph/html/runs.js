/* The table of an evaluation's runs: filters, order, pages, and a dialog with a whole run. */

const PAGE = 50;
const body = document.querySelector('#all-runs tbody');
const words = document.getElementById('words'), strategy = document.getElementById('strategy');
const outcome = document.getElementById('outcome'), shown = document.getElementById('shown');
const viewer = document.querySelector('.viewer'), pager = document.querySelector('.pager');
const read = element => JSON.parse(element.textContent);
const rows = [...document.querySelectorAll('script.row')].map(read)
  .concat(...[...document.querySelectorAll('script.rows')].map(read));
const plain = [...document.querySelectorAll('#runs > noscript.later')];
const searched = rows.map(row => row.join(' ').toLowerCase());
let order = rows.map((_, number) => number), sorted = null, first = 0, open = -1;

function sift() {
  const text = words.value.toLowerCase();
  order = rows.map((_, number) => number).filter(number =>
    (!text || searched[number].includes(text)) &&
    (!strategy.value || rows[number][1] === strategy.value) &&
    (!outcome.value || rows[number][2] === outcome.value));
  if (sorted) {
    const {column, up} = sorted, side = up ? 1 : -1;
    const names = new Intl.Collator('en', {numeric: true});
    order.sort((one, other) => {
      const a = rows[one][column], b = rows[other][column];
      return side * (typeof a === 'number' ? a - b : names.compare(a, b)) || one - other;
    });
  }
  first = 0;
  draw();
}

function cell(row, text, style) {
  const made = row.insertCell();
  made.textContent = text;
  if (style) made.className = style;
  return made;
}

function draw() {
  const page = order.slice(first, first + PAGE);
  body.replaceChildren(...page.map(number => {
    const [problem, by, result, execution, rounds, tokens, rule, detail, prompt] = rows[number];
    const row = document.createElement('tr'), head = document.createElement('th');
    const link = document.createElement('a'), small = document.createElement('small');
    row.dataset.run = number;
    head.scope = 'row';
    link.href = '#run-' + number;
    link.textContent = problem;
    small.textContent = prompt;
    head.append(link, small);
    row.append(head);
    cell(row, by);
    cell(row, result, {right: 'good', wrong: 'bad', unknown: 'dim'}[result]);
    cell(row, execution);
    cell(row, rounds.toLocaleString('en'), 'n');
    cell(row, tokens.toLocaleString('en'), 'n');
    cell(row, rule).title = detail;
    return row;
  }));
  const last = Math.min(first + PAGE, order.length), count = number => number.toLocaleString('en');
  shown.textContent = order.length
    ? count(first + 1) + '–' + count(last) + ' of ' + count(order.length) + ' runs'
    : 'no run fits';
  const [back, on] = pager.querySelectorAll('button');
  back.disabled = !first;
  on.disabled = last >= order.length;
}

/* The HTML of a run: in the page for the first ones, compressed for the others. */
async function load(number) {
  if (number < plain.length) {
    const reader = document.createElement('template');
    reader.innerHTML = plain[number].textContent;
    reader.content.querySelector('summary').remove();
    return reader.content.querySelector('details').innerHTML;
  }
  if (document.readyState === 'loading')
    await new Promise(done => document.addEventListener('DOMContentLoaded', done));
  const chunks = [...document.querySelectorAll('script.chunk')];
  const chunk = chunks.findLast(each => Number(each.dataset.first) <= number);
  const place = chunk ? number - Number(chunk.dataset.first) : 0;
  if (!chunk) return '';
  const bytes = Uint8Array.from(atob(chunk.textContent), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text())[place] || '';
}

async function view(number) {
  const content = await load(number), target = viewer.querySelector('.run');
  const [problem, by, result] = rows[number];
  open = number;
  viewer.querySelector('strong').textContent = [problem, by, result].join(' · ');
  if (content) target.innerHTML = content;
  else target.textContent = 'This page is too large to hold the run; runs.jsonl has it.';
  const place = order.indexOf(number);
  viewer.querySelector('[data-move="-1"]').disabled = place <= 0;
  viewer.querySelector('[data-move="1"]').disabled = place < 0 || place >= order.length - 1;
  if (!viewer.open) viewer.showModal();
  viewer.scrollTop = 0;
  history.replaceState(null, '', '#run-' + number);
  start(target);
}

body.addEventListener('click', event => {
  const row = event.target.closest('tr[data-run]');
  if (!row || String(getSelection())) return;
  event.preventDefault();
  view(Number(row.dataset.run));
});
viewer.addEventListener('click', event => {
  const button = event.target.closest('[data-move]');
  if (!button) return;
  const move = Number(button.dataset.move);
  if (move) view(order[order.indexOf(open) + move]);
  else viewer.close();
});
viewer.addEventListener('close', () => {
  viewer.querySelector('.run').replaceChildren();
  history.replaceState(null, '', '#runs');
  const link = body.querySelector('tr[data-run="' + open + '"] a');
  if (link) link.focus();
});
pager.addEventListener('click', event => {
  const button = event.target.closest('[data-page]');
  if (!button) return;
  first = Math.max(0, first + PAGE * Number(button.dataset.page));
  draw();
  document.getElementById('runs').scrollIntoView();
});
for (const field of [words, strategy, outcome]) field.addEventListener('input', sift);
for (const head of document.querySelectorAll('#all-runs th[data-column]')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = head.textContent;
  head.replaceChildren(button);
  button.addEventListener('click', () => {
    const column = Number(head.dataset.column);
    sorted = {column, up: !(sorted && sorted.column === column && sorted.up)};
    for (const other of document.querySelectorAll('#all-runs th[aria-sort]'))
      other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', sorted.up ? 'ascending' : 'descending');
    sift();
  });
}
for (const part of document.querySelectorAll('#runs .filters')) part.hidden = false;
sift();
const linked = /^#run-(\d+)$/.exec(location.hash);
if (linked && rows[Number(linked[1])]) view(Number(linked[1]));
