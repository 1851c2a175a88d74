/**
 * What every model is shown while it is measured: code in several languages and a conversation, written for this project.
 * Which code hardly matters; that it is code does.
 */

import type { Tokenizer } from '../../core/model';
import { createTokenizer } from '../../engine/tokenizer';
import type { SourceModel } from '../sourceModel';
import text from './calibration.txt';

/** Long enough that attention has something to look at, short enough that its scores stay small. */
const SEQUENCE_TOKENS = 512;

export function tokenizerOf(model: SourceModel): Tokenizer {
  return createTokenizer({
    id: '',
    json: JSON.parse(model.text['tokenizer.json']),
    config: JSON.parse(model.text['tokenizer_config.json']),
    special: undefined,
  });
}

/** Token ids in pieces; the last one may be shorter. */
export function calibrationTokens(tokenizer: Tokenizer): readonly (readonly number[])[] {
  const tokens = tokenizer.encode(text);
  const sequences: number[][] = [];
  for (let at = 0; at < tokens.length; at += SEQUENCE_TOKENS) sequences.push(tokens.slice(at, at + SEQUENCE_TOKENS));
  return sequences;
}
