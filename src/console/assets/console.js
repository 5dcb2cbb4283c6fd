// SPDX-License-Identifier: EUPL-1.2
//
// What the console does beyond what it can do without a script: live figures, sorting, a key for the search box. Pages say in attributes what is live:
//
//   body data-stream="/api/stream"   where server-sent events come from. A message is one JSON object; a page in which nothing is live asks for none.
//   data-live="/lag/records"         the text of this element is the value at that JSON pointer in the latest message of …
//   data-event="overview"            … this name (default: message "overview")
//   data-form="number"               how it is written: number, bytes, rate (a second), age (from an instant in ms, and it goes on), else as it is
//   data-show="/trouble"             this element is hidden unless there is something (not null, false, 0 or "") at that pointer
//   data-reload="/away"              the page is asked for anew as soon as there is nothing at that pointer, unless somebody is writing in it
//
// A table of class "scroll" is sorted by its headings: by data-value of a cell, else by its <time>, else by its text, as numbers where all are.
'use strict'

const dutch = document.documentElement.lang === 'nl'
const say = (en, nl) => dutch ? nl : en
const every = (selector, todo, from = document) => from.querySelectorAll(selector).forEach(todo)

// -- Figures --

const RETRY_FIRST_MS = 1000
const RETRY_LONGEST_MS = 30000
const plain = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 0 })
const tenths = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 })

function pointed (value, pointer) {
  return pointer.split('/').slice(1).reduce((at, key) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], value)
}

function bytes (n) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let unit = 0
  while (n >= 1000 && unit + 1 < units.length) {
    n /= 1000
    unit++
  }
  return (unit > 0 && n < 10 ? tenths : plain).format(n) + ' ' + units[unit]
}

// As part_age() of the server writes it.
function age (ms) {
  const s = Math.floor(Math.abs(ms) / 1000)
  if (s < 120) return s + ' s'
  if (s < 7200) return Math.floor(s / 60) + ' min'
  if (s < 172800) return Math.floor(s / 3600) + say(' hours', ' uur')
  return Math.floor(s / 86400) + say(' days', ' dagen')
}

const forms = {
  number: n => plain.format(n),
  bytes,
  rate: n => (n < 10 ? tenths : plain).format(n),
  age: since => age(Date.now() - since)
}

function put (element, value) {
  const text = value === undefined || value === null ? '–' : forms[element.dataset.form]?.(value) ?? String(value)
  if (element.textContent === text) return
  element.textContent = text
  if (element.dataset.form === 'age') return
  element.toggleAttribute('data-changed', false)
  void element.offsetWidth // so that the animation begins anew
  element.toggleAttribute('data-changed', true)
}

const latest = {}
const of = element => latest[element.dataset.event ?? 'overview']

function show (name, message) {
  latest[name] = message
  every('[data-live]', e => {
    if ((e.dataset.event ?? 'overview') === name) put(e, pointed(message, e.dataset.live))
  })
  every('[data-show]', e => {
    if ((e.dataset.event ?? 'overview') === name) e.hidden = !pointed(message, e.dataset.show)
  })
  every('[data-reload]', e => {
    if ((e.dataset.event ?? 'overview') === name && !pointed(message, e.dataset.reload) && !document.activeElement?.value) location.reload()
  })
}

function tick () {
  every('[data-live][data-form="age"]', e => {
    const since = of(e) && pointed(of(e), e.dataset.live)
    if (since) put(e, since)
  })
}

// A browser tries again by itself while it takes the failure for a passing one; when it has given up (readyState 2) a new EventSource must be made,
// which sends no Last-Event-ID: so it stands in the query.
function watch (stream, said) {
  let last = ''
  let pause = RETRY_FIRST_MS
  const names = new Set(['message', 'overview'])
  every('[data-event]', e => names.add(e.dataset.event))
  const open = () => {
    const source = new EventSource(last ? stream + '?after=' + encodeURIComponent(last) : stream)
    source.onopen = () => {
      pause = RETRY_FIRST_MS
      said(true)
    }
    source.onerror = () => {
      said(false)
      if (source.readyState !== EventSource.CLOSED) return
      source.close()
      setTimeout(open, pause)
      pause = Math.min(2 * pause, RETRY_LONGEST_MS)
    }
    names.forEach(name => source.addEventListener(name, event => {
      last = event.lastEventId || last
      show(name, JSON.parse(event.data))
    }))
  }
  open()
}

function live (stream) {
  const state = document.createElement('p')
  state.className = 'live'
  state.setAttribute('role', 'status')
  document.querySelector('footer')?.append(state)
  setInterval(tick, 1000)
  watch(stream, up => {
    const text = up ? say('Live: figures change by themselves.', 'Live: cijfers veranderen vanzelf.')
      : say('The console does not answer; trying again.', 'De console antwoordt niet; opnieuw proberen.')
    state.classList.toggle('wrong', !up)
    if (state.textContent !== text) state.textContent = text
  })
}

// -- What comes on a topic: data-tail is the address of its stream, whose records are added to this list, the latest first --

const TAIL_KEPT = 100

function tail (list) {
  const source = new EventSource(list.dataset.tail)
  const add = text => {
    const item = document.createElement('li')
    item.textContent = text
    list.prepend(item)
    while (list.children.length > TAIL_KEPT) list.lastElementChild.remove()
  }
  source.onopen = () => add(say('Waiting for records…', 'Wacht op records…'))
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return
    setTimeout(() => tail(list), RETRY_FIRST_MS)
  }
  source.addEventListener('record', event => {
    const record = JSON.parse(event.data)
    add(record.partition + '/' + record.offset + ' ' + (record.event ?? '') + ' ' + (record.error ?? JSON.stringify(record.value)))
  })
  source.addEventListener('left_out', event => add(say('left out: ', 'weggelaten: ') + JSON.parse(event.data).n))
  source.addEventListener('trouble', event => add(JSON.parse(event.data).why))
}

// -- Tables --

function worth (cell) {
  return cell.dataset.value ?? cell.querySelector('time')?.dateTime ?? cell.textContent.trim()
}

// 1.234.567 and 3,5 in Dutch, 1,234,567 and 3.5 in English; NaN when it is no number.
function number (text) {
  const bare = text.replaceAll(dutch ? '.' : ',', '').replace(dutch ? ',' : '.', '.')
  return /^-?\d+(\.\d+)?$/.test(bare) ? Number(bare) : NaN
}

function sort (table, column, down) {
  const body = table.tBodies[0]
  const rows = [...body.rows].map(row => ({ row, text: worth(row.cells[column]) }))
  const numbers = rows.every(r => r.text === '' || !Number.isNaN(number(r.text)))
  const rank = numbers ? (a, b) => (number(a.text) || 0) - (number(b.text) || 0) : (a, b) => a.text.localeCompare(b.text, document.documentElement.lang)
  rows.sort((a, b) => down ? rank(b, a) : rank(a, b))
  body.append(...rows.map(r => r.row))
}

function sortable (table) {
  if (!table.tHead || table.tBodies[0].rows.length < 2) return
  const headings = [...table.tHead.rows[0].cells]
  headings.forEach((heading, column) => {
    if ([...table.tBodies[0].rows].some(row => row.cells[column]?.querySelector('form'))) return // what can be done has no order
    const button = document.createElement('button')
    button.type = 'button'
    button.append(...heading.childNodes)
    heading.append(button)
    button.addEventListener('click', () => {
      const down = heading.getAttribute('aria-sort') === 'ascending'
      headings.forEach(h => h.removeAttribute('aria-sort'))
      heading.setAttribute('aria-sort', down ? 'descending' : 'ascending')
      sort(table, column, down)
    })
  })
}

// -- Keys: one, and it can be turned off (WCAG 2.1.4) --

const KEYS_OFF = 'keys-off'

function keys (search) {
  const button = document.createElement('button')
  const off = () => localStorage.getItem(KEYS_OFF) !== null
  const tell = () => {
    button.textContent = off() ? say('Key / for search: off', 'Toets / voor zoeken: uit') : say('Key / for search: on', 'Toets / voor zoeken: aan')
    off() ? search.removeAttribute('aria-keyshortcuts') : search.setAttribute('aria-keyshortcuts', '/')
  }
  button.type = 'button'
  button.className = 'plain'
  button.addEventListener('click', () => {
    off() ? localStorage.removeItem(KEYS_OFF) : localStorage.setItem(KEYS_OFF, '')
    tell()
  })
  document.querySelector('footer')?.append(button)
  tell()
  document.addEventListener('keydown', event => {
    if (event.key !== '/' || off() || event.ctrlKey || event.altKey || event.metaKey || event.target.closest('input, select, textarea')) return
    event.preventDefault()
    search.focus()
    search.select()
  })
}

every('.scroll > table', sortable)
every('[data-tail]', tail)
if (document.body.dataset.stream && document.querySelector('[data-live], [data-show], [data-reload]')) live(document.body.dataset.stream)
if (document.getElementById('search')) keys(document.getElementById('search'))
