import assert from 'node:assert/strict';
import { messageOf, UserError } from '../../src/core/errors';
import { parseSentence, say, spoken } from '../../src/core/sentence';
import { hostileValues } from './support/hostileValues';

describe('sentences', () => {
  const german: Record<string, string> = {
    'There is no "{0}" in {1}.': 'In {1} gibt es kein „{0}“.',
    'the folder {0}': 'dem Ordner {0}',
  };
  const translate = (template: string) => german[template] ?? template;

  it('keep their values apart', () =>
    assert.deepEqual(say`There is no "${'x'}" in ${3} places.`, {
      template: 'There is no "{0}" in {1} places.',
      values: ['x', '3'],
    }));
  it('are whole in English without a translator', () =>
    assert.equal(
      messageOf(new UserError('code', say`There is no "${'x'}" in ${say`the folder ${'a'}`}.`)),
      'There is no "x" in the folder a.',
    ));
  it('are translated with the sentences inside them, in another order', () =>
    assert.equal(
      spoken(say`There is no "${'x'}" in ${say`the folder ${'a'}`}.`, translate),
      'In dem Ordner a gibt es kein „x“.',
    ));
  it('do not take a value for a placeholder', () =>
    assert.equal(spoken(say`There is no "${'{1}'}" in ${'y'}.`, translate), 'In y gibt es kein „{1}“.'));
  it('survive being written down, and nothing else is read as one', () => {
    const said = say`There is no "${'x'}" in ${say`the folder ${'a'}`}.`;
    assert.deepEqual(parseSentence(JSON.parse(JSON.stringify(said))), said);
    for (const odd of [
      ...hostileValues,
      { template: 'a', values: [1] },
      { template: 'a', values: [{ template: 'b' }] },
    ])
      assert.equal(parseSentence(odd), undefined);
  });
  it('leave a plain message as it is', () => {
    const error = new UserError('code', 'odd {0} text');
    assert.equal(error.message, 'odd {0} text');
    assert.equal(spoken(error.sentence, translate), 'odd {0} text');
  });
});
