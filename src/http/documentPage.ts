import { type Html, html } from './html.js';

/** What a document for customers says, and where. */
export interface BusinessDocument {
  /** `Invoice`. */
  readonly kind: string;
  readonly number: string;
  /** One word that says how it stands, and how that looks. */
  readonly stamp: { readonly text: string; readonly mood: 'good' | 'open' | 'bad' | 'void' };
  readonly recipient: readonly string[];
  /** Name and value, such as the date of issue. */
  readonly facts: readonly (readonly [string, string])[];
  readonly table: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] };
  /** Name and amount; the last one is what counts. */
  readonly totals: readonly (readonly [string, string])[];
  readonly notes: readonly string[];
}

/** The document as a page (HTML) that reads well on a screen and prints on one sheet; it loads nothing from anywhere. */
export function documentPage(document: BusinessDocument): string {
  const { kind, number, stamp, recipient, facts, table, totals, notes } = document;
  const [first, ...columns] = table.columns;
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${kind} ${number} – FlowMart</title>
    <link rel="icon" href="data:,">
    <style>${style}</style>
  </head>
  <body>
    <main>
      <header>
        <p class="brand">FlowMart</p>
        <div class="title"><h1>${kind}</h1><p>${number}</p></div>
      </header>
      <section class="top">
        <address>${recipient.map((line, index) => (index === 0 ? html`<strong>${line}</strong>` : html`<span>${line}</span>`))}</address>
        <dl>${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      </section>
      <p class="stamp ${stamp.mood}">${stamp.text}</p>
      <table>
        <thead><tr><th scope="col">${first ?? ''}</th>${columns.map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
        <tbody>${table.rows.map(rowOf)}</tbody>
      </table>
      <table class="totals">
        <tbody>${totals.map(([name, value]) => html`<tr><th scope="row">${name}</th><td class="number">${value}</td></tr>`)}</tbody>
      </table>
      ${notes.map((note) => html`<p class="note">${note}</p>`)}
    </main>
  </body>
</html>
`.text;
}

const rowOf = ([first, ...cells]: readonly string[]): Html =>
  html`<tr><td>${first ?? ''}</td>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`;

const style = html`
  :root { color-scheme: light; --ink: #17202b; --quiet: #5d6b7b; --line: #dde3ea; --brand: #17324d; }
  * { box-sizing: border-box; }
  body { margin: 0; padding: 3rem 1rem; background: #eef1f5; color: var(--ink); font: 15px/1.5 "Inter", "Segoe UI", "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums lining-nums; }
  main { max-width: 46rem; margin: 0 auto; padding: 3.5rem; background: #fff; border-radius: 4px; box-shadow: 0 1px 3px rgb(23 50 77 / 14%), 0 12px 32px rgb(23 50 77 / 8%); }
  header { display: flex; justify-content: space-between; align-items: flex-start; padding-bottom: 1.75rem; border-bottom: 2px solid var(--brand); }
  .brand { margin: 0; color: var(--brand); font-size: 1.5rem; font-weight: 700; letter-spacing: -0.01em; }
  .title { text-align: right; }
  h1 { margin: 0; font-size: 1.5rem; font-weight: 600; letter-spacing: -0.01em; line-height: 1.5; }
  .title p { margin: 0; color: var(--quiet); }
  .top { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2rem; margin-top: 2rem; }
  address { font-style: normal; overflow-wrap: anywhere; max-width: 22rem; }
  address > * { display: block; }
  dl { margin: 0; min-width: 16rem; }
  dl div { display: flex; justify-content: space-between; gap: 2rem; }
  dt { color: var(--quiet); }
  dd { margin: 0; text-align: right; }
  .stamp { display: inline-block; margin: 2rem 0 1.5rem; padding: 0.2rem 0.8rem; border: 1.5px solid; border-radius: 999px; font-size: 0.85rem; font-weight: 600; }
  .good { color: #1a7044; } .open { color: #7a5700; } .bad { color: #b3261e; } .void { color: var(--quiet); }
  table { width: 100%; border-collapse: collapse; }
  thead th { padding: 0 0 0.5rem; border-bottom: 1px solid var(--ink); color: var(--quiet); font-size: 0.8rem; font-weight: 600; text-align: left; }
  tbody td { padding: 0.7rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
  th.number, td.number { padding-left: 1.5rem; text-align: right; white-space: nowrap; }
  tr { break-inside: avoid; }
  .totals { width: auto; min-width: 18rem; margin: 1rem 0 0 auto; break-inside: avoid; }
  .totals th { padding: 0.25rem 0; color: var(--quiet); font-weight: 400; text-align: left; }
  .totals td { padding: 0.25rem 0 0.25rem 1.5rem; border: 0; }
  .totals tr:last-child > * { padding-top: 0.7rem; border-top: 1px solid var(--ink); color: var(--ink); font-size: 1.15rem; font-weight: 700; }
  .note { margin: 2.5rem 0 0; color: var(--quiet); font-size: 0.9rem; }
  .note + .note { margin-top: 0.5rem; }
  @media (max-width: 34rem) { body { padding: 0; } main { padding: 1.5rem; border-radius: 0; box-shadow: none; } dl { min-width: 100%; } .totals { min-width: 100%; } }
  @media print {
    @page { size: auto; margin: 18mm 18mm 20mm; }
    body { padding: 0; background: none; font-size: 10.5pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
    main { max-width: none; padding: 0; box-shadow: none; }
  }
`;
