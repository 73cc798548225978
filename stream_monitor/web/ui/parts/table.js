/** A table that stays quick with thousands of rows: it sorts, and shows a page at a time. */
import { html, useMemo, useState } from "../lib/html.js";
import { count } from "../lib/format.js";

/**
 * @typedef {object} Column
 * @property {string} id
 * @property {string} name
 * @property {(row: any) => any} cell
 * @property {(row: any) => number|string|null} [by] what it is sorted by; none: it is not
 * @property {boolean} [number] flush right
 * @property {boolean} [descending] the first click puts the largest first
 * @property {string} [class]
 * @property {string} [title]
 * @property {boolean} [head] names the row
 */

/**
 * @param {{caption: string, columns: Column[], rows: any[], id: (row: any) => string, size?: number, empty?: any,
 *   sorted?: string, marked?: (row: any) => string}} props
 *   sorted: id of the column at first, else as they come; marked: class of a row
 */
export function Table({ caption, columns, rows, id, size = 40, empty, sorted = "", marked = () => "" }) {
  const [order, setOrder] = useState({
    column: sorted,
    descending: columns.find((one) => one.id === sorted)?.descending ?? false,
  });
  const [wanted, setPage] = useState(0);
  const ordered = useMemo(
    () =>
      sort(
        rows,
        columns.find((one) => one.id === order.column),
        order.descending,
      ),
    [rows, order, columns],
  );
  const pages = Math.max(1, Math.ceil(ordered.length / size));
  const page = Math.min(wanted, pages - 1);
  const shown = ordered.slice(page * size, (page + 1) * size);
  const by = (/** @type {Column} */ column) => {
    const again = order.column === column.id;
    setOrder({ column: column.id, descending: again ? !order.descending : (column.descending ?? false) });
    setPage(0);
  };
  return html`<div class="table">
    <div class="scroll" tabindex="0" role="region" aria-label=${caption}>
      <table aria-rowcount=${ordered.length + 1}>
        <caption class="sr">${caption}</caption>
        <thead><tr>${columns.map((column) => html`<${Head} key=${column.id} column=${column} order=${order} by=${by} />`)}</tr></thead>
        <tbody>${shown.map((row) => html`<tr key=${id(row)} class=${marked(row)}>${columns.map((column) => cellOf(column, row))}</tr>`)}</tbody>
      </table>
      ${ordered.length === 0 && (empty ?? html`<p class="none">Nothing here.</p>`)}
    </div>
    ${pages > 1 && html`<${Pages} page=${page} pages=${pages} size=${size} total=${ordered.length} go=${setPage} />`}
  </div>`;
}

/** @param {Column} column @param {any} row */
function cellOf(column, row) {
  const name = `${column.number ? "num" : ""} ${column.class ?? ""}`.trim();
  return column.head
    ? html`<th scope="row" key=${column.id} class=${name}>${column.cell(row)}</th>`
    : html`<td key=${column.id} class=${name}>${column.cell(row)}</td>`;
}

/** @param {{column: Column, order: {column: string, descending: boolean}, by: (column: Column) => void}} props */
function Head({ column, order, by }) {
  const name = `${column.number ? "num" : ""} ${column.class ?? ""}`.trim();
  if (!column.by) return html`<th scope="col" class=${name} title=${column.title}>${column.name}</th>`;
  const active = order.column === column.id;
  const direction = order.descending ? "descending" : "ascending";
  return html`<th scope="col" class=${name} title=${column.title} aria-sort=${active ? direction : "none"}>
    <button type="button" onClick=${() => by(column)}>${column.name}<i aria-hidden="true">${active ? (order.descending ? "↓" : "↑") : ""}</i></button>
  </th>`;
}

/** @param {{page: number, pages: number, size: number, total: number, go: (page: number) => void}} props */
function Pages({ page, pages, size, total, go }) {
  return html`<nav class="pages" aria-label="Pages">
    <span class="num">${count(page * size + 1)}–${count(Math.min(total, (page + 1) * size))} of ${count(total)}</span>
    <button type="button" disabled=${page === 0} onClick=${() => go(page - 1)}>Previous</button>
    <button type="button" disabled=${page === pages - 1} onClick=${() => go(page + 1)}>Next</button>
  </nav>`;
}

/** @param {any[]} rows @param {Column|undefined} column @param {boolean} descending */
function sort(rows, column, descending) {
  const by = column?.by;
  if (!by) return rows;
  const sign = descending ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: by(row) }));
  keyed.sort((a, b) => {
    if (a.key === b.key) return 0;
    if (a.key === null || a.key === undefined) return 1; // what is not known comes last, either way
    if (b.key === null || b.key === undefined) return -1;
    return a.key < b.key ? -sign : sign;
  });
  return keyed.map((one) => one.row);
}
