/** Rows of the small tables that scripts build. */

/** A table's head with these column headings. */
export function headRow(columns: readonly (string | Node)[]): HTMLTableSectionElement {
  const head = document.createElement('thead');
  const row = head.insertRow();
  for (const column of columns) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.append(column);
    row.append(cell);
  }
  return head;
}

/** The heading of a row. */
export function rowHeading(...content: (string | Node)[]): HTMLTableCellElement {
  const cell = document.createElement('th');
  cell.scope = 'row';
  cell.append(...content);
  return cell;
}
