/** What is taken for a secret and leaves its line out, and what only looks like one. */
import assert from 'node:assert/strict';
import { withoutSecrets } from '../../src/core/training/secrets';

/** Spelled in two parts, so that no scanner takes this file for a leak. */
const spell = (...parts: string[]) => parts.join('');
const ALNUM = 'aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2dE3f';

const AWS_SECRET = spell('wJalrXUtnFEMI/K7MDENG', '/bPxRfiCYzz9q8r7s6t');

type Kind = 'keys' | 'tokens' | 'addresses';

/** The line is left out and counted as `kind`. */
const SECRET: readonly (readonly [Kind, string])[] = [
  ['tokens', `const id = '${spell('AKIA', 'IOSFODNN7ABCDEFG')}';`],
  ['tokens', `aws_access_key_id: ${spell('ASIA', 'J2K3L4M5N6P7Q8R9')}`],
  ['tokens', `aws_secret_access_key = "${spell('wJalrXUtnFEMI/K7MDENG', '/bPxRfiCYzz9q8r7s6t')}"`],
  ['tokens', `curl -H "Authorization: token ${spell('ghp_', ALNUM.slice(0, 36))}"`],
  ['tokens', `${spell('github_pat_', ALNUM)}`],
  ['tokens', `gitlab: ${spell('glpat-', ALNUM.slice(0, 20))}`],
  ['tokens', `const bot = "${spell('xoxb-', '123456789012-abcdefghijkl')}"`],
  ['tokens', `url: https://hooks.slack.com/${spell('services/T00000000/B00000000/', 'XXXXXXXXabcd1234')}`],
  ['tokens', `key=${spell('AIza', 'SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7')}`],
  ['tokens', `//registry.npmjs.org/:_authToken=${spell('npm_', ALNUM.slice(0, 36))}`],
  ['tokens', `//npm.corp/:_authToken=${ALNUM}`],
  [
    'tokens',
    `cookie: ${spell('eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxMjM0NTY3ODkwIn0.', 'dozjgNryP4J3jVmNHl0w5N_XgL0n3I9')}`,
  ],
  ['tokens', `stripe("${spell('sk_live_', ALNUM.slice(0, 24))}")`],
  ['tokens', `openai.key = "${spell('sk-', 'proj-', ALNUM)}"`],
  ['tokens', `const password = "hX9!kQ2#vLp7";`],
  ['tokens', `"dbPassword": "S3cr3tP4ssw0rd9"`],
  ['tokens', `password: 'Summer2024!'`],
  ['tokens', `headers: { apiKey: 'f3a9c1d27b6e48d5a0c9' }`],
  ['tokens', `login("me", { token: \`${ALNUM}\` })`],
  ['tokens', `export DB_PASSWORD=a8Xk2Lq9Zr4T`],
  ['tokens', `  client_secret: 9f8Ae7D6c5B4a3F2e1D0`],
  ['tokens', `const db = "postgres://admin:${spell('hunter', '2pass')}@db.corp.io:5432/app";`],
  ['tokens', `Authorization: Bearer ${ALNUM}`],
  ['tokens', `headers: { Authorization: 'token ${'3f786850e387550fdab8'}${'36ed7e6dc881de23001b'}' }`],
  ['tokens', `headers['Authorization'] = "token ${ALNUM}"`],
  ['tokens', `aws.connect('eu', '${AWS_SECRET}')`],
  ['tokens', `const s3 = {\n  id: 'me',\n  key: '${AWS_SECRET}',\n};`.split('\n').join(' ')],
  ['tokens', `const password = 'Winter2024';`],
  ['tokens', `passwd = "hunter2hunter2"`],
  ['tokens', `{ secret: 'abcdefghijklmnop' }`],
  ['tokens', `const dbPassword: string = 'Winter2024';`],
  ['tokens', `auth: { user: 'me', pass: 'Winter2024' },`],
  ['tokens', `if (password === "letmein2020") enter();`],
  [
    'keys',
    spell(
      '-----BEGIN RSA ',
      'PRIVATE KEY-----\nMIIEowIBAAKCAQEAn3Jk1\nqLr4Vb8XyZ0aBcDeFg==\n-----END RSA ',
      'PRIVATE KEY-----',
    ),
  ],
  [
    'keys',
    spell('-----BEGIN OPENSSH ', 'PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH ', 'PRIVATE KEY-----'),
  ],
  [
    'keys',
    spell('const k = "-----BEGIN ', 'PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0B\\n-----END ', 'PRIVATE KEY-----";'),
  ],
  [
    'keys',
    spell(
      '  key: |\n    -----BEGIN EC ',
      'PRIVATE KEY-----\n    MHcCAQEEIIrYSSNQFaA2Hwf1\n    -----END EC ',
      'PRIVATE KEY-----',
    ).slice(11),
  ],
  ['addresses', `// Written by jane.doe@corp.io`],
  ['addresses', `"author": "Jo <jo+git@mail.co.uk>",`],
  ['addresses', `mailto:support@acme.dev?subject=x`],
  ['addresses', `users.noreply: 1234+jane@users.noreply.github.com`],
];

/** Stays as it is. */
const HARMLESS: readonly string[] = [
  `const id = '550e8400-e29b-41d4-a716-446655440000';`,
  `const token = '550e8400'; // begins a UUID`,
  `sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',`,
  `"integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="`,
  `src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4"`,
  `@Component({ selector: 'app-root' })`,
  `@foo.bar`,
  `@app.route("/users")`,
  `import { x } from '@a/b.c';`,
  `"@angular/core": "^17.0.1",`,
  `npx tool@1.2.3 --yes`,
  `git clone git@github.com:me/repo.git`,
  `<img src="icon@2x.png">`,
  `background: url(logo@3x.webp);`,
  `const product = a @ b`,
  `import x from 'https://cdn.io/x@next.mjs';`,
  `to: user@example.com`,
  `From: noreply@corp.io`,
  `me@localhost`,
  `password: string;`,
  `const password = process.env.PASSWORD;`,
  `const password = await askForPassword(user2);`,
  `password: 'settings.account.password',`,
  `token: "access_token",`,
  `apiKey: 'your-api-key-here-123',`,
  `passwordField: "#login-password-2"`,
  `const secretName = 'my-service-secret-2';`,
  `type TokenKind = 'StringLiteral' | 'NumericLiteral2';`,
  `url = "https://user:\${password}@host/";`,
  `const t = tokenize("let x1 = y2;", options);`,
  `.sk-folding-cube-container-wrapper { color: red }`,
  `if (text.includes('-----BEGIN PRIVATE KEY-----')) {\n  refuse(text);\n}`,
  '-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBg\n-----END CERTIFICATE-----',
  `password: 'Wachtwoord',`,
  `password: "Enter your password",`,
  `password: 'password123',`,
  `const SECRET = 'AWS_SECRET_ACCESS_KEY_2';`,
  `const password = process.env['DB_PASSWORD2024'];`,
  `password: '$DB1PASSWORD2'`,
  `passwordLabel: 'Winter2024',`,
  `<input name="password" data-testid="login-password-22" />`,
  `password: 'user-password-22',`,
  `secret: 'clientsecretmissing',`,
  `signingKey: 'HMACwithSHA256',`,
  `compass: 'North2024',`,
  `type Field = { password: 'StringLiteral' | 'Identifier' };`,
  `const commit = '3f786850e387550fdab836ed7e6dc881de23001b'; // of the aws sdk`,
  `aws: 'components/AwsButton/AwsButtonGroup/index',`,
  `const digest = '${AWS_SECRET}';`,
  `const url = 'https://example.com/password=reset2024';`,
  `// token 3f786850e387550fdab836ed7e6dc881de23001b is the commit`,
  `color: #a1b2c3; token-width: 12px;`,
  `const maxTokens = 4096;`,
  `tokens.push({ token: 'identifier', at: 12 });`,
];

describe('secrets in training data', () => {
  for (const [kind, line] of SECRET) {
    it(`leaves out ${kind}: ${line.slice(0, 48).replace(/\n/g, '⏎')}`, () => {
      const { text, nSecrets } = withoutSecrets(`before();\n${line}\nafter();\n`);
      assert.equal(text, 'before();\nafter();\n');
      assert.equal(nSecrets[kind], 1);
      assert.equal(nSecrets.keys + nSecrets.tokens + nSecrets.addresses, 1);
    });
  }
  for (const line of HARMLESS) {
    it(`keeps ${line.slice(0, 60).replace(/\n/g, '⏎')}`, () => {
      const text = `before();\n${line}\nafter();\n`;
      assert.deepEqual(withoutSecrets(text), { text, nSecrets: { keys: 0, tokens: 0, addresses: 0 } });
    });
  }
  it('takes the whole lines out at the beginning, at the end, beside each other and twice in one line', () => {
    const secret = `k('${spell('AKIA', 'IOSFODNN7ABCDEFG')}')`;
    const address = 'a.b@corp.io';
    assert.equal(withoutSecrets(`${secret}\nx\n${address}`).text, 'x\n');
    assert.equal(withoutSecrets(`x\n${secret}\n${address}\ny`).text, 'x\ny');
    const twice = withoutSecrets(`x\n${secret} ${address} c.d@corp.io\ny`);
    assert.equal(twice.text, 'x\ny');
    assert.deepEqual(twice.nSecrets, { keys: 0, tokens: 1, addresses: 2 });
    assert.equal(withoutSecrets(secret).text, '');
  });
  it('ends a key that has no last line where it no longer looks like one', () => {
    const text = spell('-----BEGIN ', 'PRIVATE KEY-----\nMIIEowIBAAKCAQEAn3Jk1\nconst x = 1;\n');
    assert.equal(withoutSecrets(text).text, 'const x = 1;\n');
  });
  describe('finds what is left of a key', () => {
    const body = [64, 64, 64, 64].map((n, i) => `${ALNUM}${ALNUM}`.slice(i, n + i));
    const end = spell('-----END RSA ', 'PRIVATE KEY-----');
    const begin = spell('-----BEGIN RSA ', 'PRIVATE KEY-----');
    const left = (lines: readonly string[], extent?: 'part') => withoutSecrets(lines.join('\n'), extent).text;
    it('before its last line', () => {
      for (const last of ['qLr4Vb8XyZ0=', 'qLr4', `${ALNUM}==`, '=aB3d'])
        assert.equal(left([...body, last, end, 'const x = 1;']), 'const x = 1;', last);
      assert.equal(
        left(['const x = 1;', ...body.map(line => `  '${line}\\n' +`), `  '${end}';`, 'y']),
        'const x = 1;\ny',
      );
      assert.equal(left([`'${body.join('\\n')}\\nqLr4\\n${end}\\n';`, 'y']), 'y');
    });
    it('once, where its last line is a short one', () => {
      const { text, nSecrets } = withoutSecrets(['x', begin, ...body, 'qLr4', end, 'y'].join('\n'));
      assert.deepEqual([text, nSecrets.keys], ['x\ny', 1]);
    });
    it('where a text begins that was cut, and nowhere else', () => {
      assert.equal(left([...body, 'const x = 1;'], 'part'), 'const x = 1;');
      assert.equal(left([...body.slice(1), 'qLr4Vb8XyZ0aBcDeFg==', '', 'y'], 'part'), '\ny');
      assert.equal(left(['aB3d', ...body], 'part'), '');
      for (const kept of [
        ['f();', ...body, 'y'],
        [...body.slice(2), 'y'],
      ])
        assert.equal(left(kept, 'part'), kept.join('\n'));
      assert.equal(left(body), body.join('\n'));
    });
    it('and keeps code that only looks for one', () => {
      for (const line of [`if (text.endsWith('${end}')) {`, `const END = '\\n${end}';`])
        assert.equal(left(['someFunction();', line, '}']), ['someFunction();', line, '}'].join('\n'));
    });
  });
  it('is quick with text that is all one word', () => {
    // Not a matter of time but of ever ending: a pattern that goes back over itself would not, here.
    const text = `${'password'.repeat(100)}\n`.repeat(2000);
    assert.equal(withoutSecrets(text).text, text);
  });
});
