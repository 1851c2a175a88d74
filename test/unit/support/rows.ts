/** Rows out of plain arrays, and plain arrays out of rows. */
import { type Row, SparseRow, WholeRow } from '../../../src/core/row';

/** A row to work on, with all of `values` listed. */
export function listed(values: Float32Array): SparseRow {
  const row = new SparseRow(values.length);
  row.copy(new WholeRow(values));
  return row;
}

/** What the row says of every token of the vocabulary. */
export function dense(row: Row): Float32Array {
  return Float32Array.from({ length: row.vocabSize }, (_, token) => row.logp(token));
}
