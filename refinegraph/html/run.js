'use strict';
/* The tree of a run: selecting candidates by mouse and keyboard, and replaying the run. */

/* Reads what the page keeps as text until somebody looks at it. */
function readLater(element) {
  for (const later of element.querySelectorAll('noscript.later')) {
    const reader = document.createElement('template');
    reader.innerHTML = later.textContent;
    later.replaceWith(reader.content);
  }
}

function showRun(space) {
  const tree = space.querySelector('.tree'), box = space.querySelector('.tree-box');
  const panel = space.querySelector('.panel'), bar = space.querySelector('.replay');
  const slider = bar.querySelector('input'), caption = bar.querySelector('output');
  const play = bar.querySelector('.play'), fit = bar.querySelector('.fit');
  const count = number => number.toLocaleString('en');
  const steps = JSON.parse(space.querySelector('.steps').textContent);
  const nodes = [...tree.querySelectorAll('a[data-id]')].map(element => ({
    element, id: element.dataset.id, parent: element.dataset.parent,
    x: Number(element.dataset.x), y: Number(element.dataset.y),
    born: Number(element.dataset.born), judged: Number(element.dataset.judged),
  }));
  const byId = new Map(nodes.map(node => [node.id, node]));
  const lines = [...tree.querySelectorAll('.edge, .by')];
  let current = null, tab = 'code', timer = 0;

  function select(id, focus) {
    const node = byId.get(id);
    if (!node) return;
    if (current) {
      current.element.removeAttribute('aria-current');
      current.element.tabIndex = -1;
    }
    current = node;
    node.element.setAttribute('aria-current', 'true');
    node.element.tabIndex = 0;
    if (focus) node.element.focus({preventScroll: true});
    keepInView(node);
    fillPanel(node);
  }

  function center(node) {
    box.scrollTo(node.x - box.clientWidth / 2, node.y - box.clientHeight / 2);
  }

  function keepInView(node) {
    const margin = 60;
    const scroll = (from, size, at) =>
      at < from + margin ? at - margin : at > from + size - margin ? at - size + margin : from;
    box.scrollTo(scroll(box.scrollLeft, box.clientWidth, node.x),
      scroll(box.scrollTop, box.clientHeight, node.y));
  }

  function fillPanel(node) {
    const source = document.getElementById(space.dataset.key + 'c-' + node.id);
    if (!source) return;
    readLater(source);
    const title = document.createElement('h3');
    title.append(...source.querySelector('summary').cloneNode(true).childNodes);
    const sections = [...source.querySelector('div').cloneNode(true).children];
    const tabs = document.createElement('div');
    tabs.className = 'tabs';
    tabs.setAttribute('role', 'tablist');
    tabs.setAttribute('aria-label', 'Candidate ' + node.id);
    for (const section of sections) {
      const heading = section.querySelector('h3'), button = document.createElement('button');
      const name = section.dataset.tab, base = space.dataset.key + 'tab-' + name;
      button.type = 'button';
      button.textContent = heading.textContent;
      button.id = base;
      button.dataset.tab = name;
      button.setAttribute('role', 'tab');
      button.setAttribute('aria-controls', base + '-panel');
      section.id = base + '-panel';
      section.setAttribute('role', 'tabpanel');
      section.setAttribute('aria-labelledby', base);
      heading.remove();
      button.addEventListener('click', () => { tab = name; showTab(); });
      tabs.append(button);
    }
    panel.replaceChildren(title, tabs, ...sections);
    showTab();
  }

  function showTab() {
    const buttons = [...panel.querySelectorAll('[role=tab]')];
    const open = buttons.find(button => button.dataset.tab === tab) || buttons[0];
    for (const button of buttons) {
      button.setAttribute('aria-selected', String(button === open));
      button.tabIndex = button === open ? 0 : -1;
    }
    for (const section of panel.querySelectorAll('[role=tabpanel]'))
      section.hidden = section.dataset.tab !== open.dataset.tab;
  }

  function next(key) {
    const alive = nodes.filter(node => !node.element.classList.contains('unborn'));
    if (!current || key === 'Home') return alive[0];
    if (key === 'End') return alive[alive.length - 1];
    if (key === 'ArrowLeft') return byId.get(current.parent);
    if (key === 'ArrowRight') return alive.find(node => node.parent === current.id);
    const down = key === 'ArrowDown' ? 1 : -1, far = node => Math.abs(node.y - current.y);
    const beside = alive.filter(node => node !== current && Math.abs(node.x - current.x) < 8 &&
      (node.y - current.y) * down > 0);
    if (!beside.length) return alive[alive.indexOf(current) + down];
    return beside.reduce((best, node) => far(node) < far(best) ? node : best);
  }

  function goTo(step) {
    const last = step >= steps.length - 1;
    slider.value = step;
    for (const node of nodes) {
      node.element.classList.toggle('unborn', node.born > step);
      node.element.classList.toggle('unjudged', node.judged > step);
    }
    for (const line of lines)
      line.classList.toggle('unborn', Number(line.dataset.born) > step);
    tree.classList.toggle('final', last);
    const [words, id, seconds] = steps[step];
    const place = 'Step ' + count(step + 1) + ' of ' + count(steps.length);
    const time = seconds === null ? '' : ' · ' + seconds.toFixed(2) + ' s';
    caption.textContent = place + time + ' · ' + (id ? 'candidate ' + id + ' ' : '') + words;
    slider.setAttribute('aria-valuetext', caption.textContent);
    if (id) select(id, false);
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = '▶ Replay';
    caption.setAttribute('aria-live', 'polite');
  }

  function toggle() {
    if (timer) return stop();
    if (Number(slider.value) >= steps.length - 1) goTo(0);
    play.textContent = '❚❚ Pause';
    caption.setAttribute('aria-live', 'off');
    /* A long run takes half a minute, a short one about a second for each step. */
    const stride = Math.ceil(steps.length / 600);
    const pause = Math.max(50, Math.min(900, 30000 / steps.length));
    timer = setInterval(() => {
      if (Number(slider.value) >= steps.length - 1 || !space.isConnected) return stop();
      goTo(Math.min(Number(slider.value) + stride, steps.length - 1));
    }, pause);
  }

  tree.addEventListener('click', event => {
    const link = event.target.closest('a[data-id]');
    if (!link) return;
    event.preventDefault();
    stop();
    select(link.dataset.id, true);
  });
  box.addEventListener('keydown', event => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (/^(Arrow|Home$|End$)/.test(event.key)) {
      const node = next(event.key);
      if (node) select(node.id, true);
    } else if (event.key === 'Enter') {
      if (!current) return;
      panel.focus();
    } else if (event.key === ' ') {
      toggle();
    } else return;
    event.preventDefault();
  });
  panel.addEventListener('keydown', event => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      current.element.focus();
      return;
    }
    const button = event.target.closest('[role=tab]');
    if (!button || !/^Arrow(Left|Right)$/.test(event.key)) return;
    const tabs = [...panel.querySelectorAll('[role=tab]')];
    const move = event.key === 'ArrowRight' ? 1 : tabs.length - 1;
    tab = tabs[(tabs.indexOf(button) + move) % tabs.length].dataset.tab;
    showTab();
    panel.querySelector('[aria-selected=true]').focus();
    event.preventDefault();
  });
  panel.addEventListener('click', event => {
    const link = event.target.closest('a[href^="#"]');
    const id = link && link.getAttribute('href').slice(1 + (space.dataset.key + 'c-').length);
    if (!byId.has(id)) return;
    event.preventDefault();
    select(id, false);
  });
  slider.addEventListener('input', () => { stop(); goTo(Number(slider.value)); });
  slider.addEventListener('keydown', event => {
    if (event.key !== ' ') return;
    event.preventDefault();
    toggle();
  });
  play.addEventListener('click', toggle);
  fit.addEventListener('click', () => {
    const whole = tree.classList.toggle('fit');
    fit.setAttribute('aria-pressed', String(whole));
    if (!whole && current) keepInView(current);
  });

  space.classList.add('live');
  for (const part of [bar, panel, space.querySelector('.keys')]) part.hidden = false;
  fit.hidden = box.scrollWidth <= box.clientWidth && box.scrollHeight <= box.clientHeight;
  caption.textContent = 'The whole run: ' + count(steps.length) + ' steps';
  const chosen = nodes.find(node => node.element.classList.contains('chosen'));
  select((chosen || nodes[nodes.length - 1]).id, false);
  center(current);
}

function addCopyButtons(root) {
  if (!navigator.clipboard) return;
  for (const block of root.querySelectorAll('.copied')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Copy';
    button.addEventListener('click', () => {
      navigator.clipboard.writeText(block.querySelector('pre').textContent)
        .then(() => { button.textContent = 'Copied'; });
    });
    block.prepend(button);
  }
}

function start(root) {
  for (const space of root.querySelectorAll('.workspace')) showRun(space);
  addCopyButtons(root);
}

document.addEventListener('toggle', event => {
  if (event.target.open) readLater(event.target);
}, true);
start(document);
