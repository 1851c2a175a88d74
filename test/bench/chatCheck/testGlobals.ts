/** What an answer that is a test file finds: the functions of the usual test runners, as far as small tests use them. */

/**
 * JavaScript that defines describe, it, test and expect, and what test files import.
 * `await runTests()` resolves to how many assertions were made, and rejects where one failed.
 */
export const TEST_GLOBALS = `
let nAssertions = 0;
const tests = [], before = [];
const nodeAssert = assert;
const counted = value => typeof value !== 'function' ? value : new Proxy(value, {
  apply(target, self, args) { nAssertions++; return Reflect.apply(target, self, args); },
  get: (target, name) => name === 'prototype' ? target[name] : counted(target[name]),
});
const assertLike = counted(nodeAssert);
const describe = (name, body) => body();
const it = (name, body) => void tests.push(typeof name === 'function' ? name : body);
it.each = test_each;
const test = it;
function test_each(rows) {
  return (name, body) => rows.forEach(row => tests.push(() => body(...(Array.isArray(row) ? row : [row]))));
}
const suite = describe;
const beforeEach = body => void before.push(body), afterEach = () => {}, beforeAll = body => body(), afterAll = () => {};
test.describe = describe; test.it = it; test.test = test; test.suite = describe; test.default = test;
function expect(actual) {
  const matchers = isNot => {
    const check = (holds, what) => { nAssertions++; if (holds === isNot) throw new Error(what); };
    const same = expected => { try { nodeAssert.deepEqual(actual, expected); return true; } catch { return false; } };
    const shown = JSON.stringify(actual);
    const is = expected => check(Object.is(actual, expected), shown + (isNot ? ' is ' : ' is not ') + JSON.stringify(expected));
    const deep = expected => check(same(expected), shown + (isNot ? ' equals ' : ' does not equal ') + JSON.stringify(expected));
    const throws = expected => {
      let thrown; try { actual(); } catch (error) { thrown = error; }
      const says = thrown !== undefined && (expected === undefined || typeof expected === 'function' ? true :
        expected instanceof RegExp ? expected.test(thrown.message) : thrown.message.includes(expected.message ?? expected));
      check(says, 'it ' + (isNot ? 'throws' : 'does not throw'));
    };
    const self = {
      toBe: is, toEqual: deep, toStrictEqual: deep, toThrow: throws, toThrowError: throws,
      toBeNull: () => is(null), toBeUndefined: () => is(undefined), toBeNaN: () => is(NaN),
      toBeDefined: () => check(actual !== undefined, 'undefined'),
      toBeTruthy: () => check(!!actual, shown + ' is not truthy'), toBeFalsy: () => check(!actual, shown + ' is not falsy'),
      toHaveLength: n => check(actual.length === n, 'length ' + actual.length), toContain: x => check(actual.includes(x), shown),
      toMatch: x => check(typeof x === 'string' ? actual.includes(x) : x.test(actual), shown),
      toBeCloseTo: (x, n = 2) => check(Math.abs(actual - x) < 10 ** -n / 2, shown),
      equal: is, equals: is, eql: deep, throw: throws,
    };
    return Object.assign(self, { to: self, be: self, deep: { equal: deep } });
  };
  return { ...matchers(false), not: matchers(true) };
}
Object.assign(own, { assert: assertLike, 'node:assert': assertLike, 'node:assert/strict': assertLike, 'assert/strict': assertLike,
  'node:test': test, vitest: { describe, it, test, expect, beforeEach, afterEach },
  mocha: { describe, it }, chai: { expect, assert: assertLike }, '@jest/globals': { describe, it, test, expect, beforeEach, afterEach } });
async function runTests() {
  for (const body of tests) { for (const prepare of before) await prepare(); await body(); }
  return nAssertions;
}
`;
