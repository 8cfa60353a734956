// Keeps the page current. Without it everything works; only "Refresh" has to be pressed.
const events = new EventSource('/live');
events.addEventListener('changed', refresh);
// After a restart of the sandbox the connection is made again, and something may have been missed.
let opened = false;
events.addEventListener('open', () => {
  if (opened) refresh();
  opened = true;
});

let running = false;
let again = false;

async function refresh() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
    if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), 'text/html'));
  } catch {
    // The sandbox is away; the next event brings the page up to date.
  }
  running = false;
  if (again) {
    again = false;
    refresh();
  }
}

function show(next) {
  // Only what is marked live is replaced, so that a half-typed reply stays.
  for (const part of next.querySelectorAll('[data-live]')) {
    const shown = document.getElementById(part.id);
    if (shown && shown.innerHTML !== part.innerHTML) update(shown, part);
  }
  const grid = document.getElementById('phones');
  const wanted = [...next.querySelectorAll('.phone')];
  for (const phone of wanted.reverse()) {
    if (!document.getElementById(phone.id)) grid.prepend(document.importNode(phone, true));
  }
  for (const phone of grid.querySelectorAll('.phone')) {
    if (!next.getElementById(phone.id)) phone.remove();
  }
}

/** Messages that are already there keep their element, and the focus where it was. */
function update(shown, part) {
  const focused = document.activeElement;
  const fresh = document.importNode(part, true);
  for (const item of fresh.querySelectorAll('li[id]')) {
    const known = document.getElementById(item.id);
    if (!known) item.classList.add('new');
    else if (known.innerHTML === item.innerHTML) {
      // Else it would arrive again each time.
      known.classList.remove('new');
      item.replaceWith(known);
    }
  }
  shown.replaceChildren(...fresh.childNodes);
  if (focused !== document.activeElement && shown.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
}
