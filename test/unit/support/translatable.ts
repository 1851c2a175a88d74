/** Whether all of what a person reads can be translated: a value inside a sentence must be a name or a number, not English. */
import assert from 'node:assert/strict';
import { type Sentence, told } from '../../../src/core/sentence';

/** Three words of English in a row are a sentence that no translator was given. */
const ENGLISH = /\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b/;

export function assertTranslatable(text: Sentence | string): void {
  const translated = told(text, template => template.replace(/\{\d+\}|./gs, part => (part.length > 1 ? part : '·')));
  assert.doesNotMatch(translated, ENGLISH);
}
