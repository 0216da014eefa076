// The same requests to Better Auth and to Gatepost: status, the headers of the contract and JSON agree, with ids, tokens and moments
// masked. What differs on purpose is in docs/guide/coming-from-better-auth.md, and named here.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Client, gatepost, original, page, password, root, totp } from './better-auth.mjs';
import { Both, bodyWithout, person, post, without } from './better-auth.both.mjs';
import { Authenticator } from './passkey.mjs';

const email = 'ada@example.com';
let servers = [];

before(async () => {
  servers = await Promise.all([original(), gatepost()]);
});

after(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

test('Better Auth: what is no endpoint, and bodies that are none', async () => {
  const both = new Both(servers);
  await both.ask('GET', '/ok');
  await both.ask('GET', '/nope');
  await both.ask('GET', '');
  await both.ask('GET', '/ok/');
  await both.ask('PUT', '/ok');
  await both.ask('POST', '/ok', post({}));
  await both.ask('GET', '/sign-up/email');
  await both.ask('GET', '/get-session');
  await both.ask('POST', '/get-session', post({}));
  for (const raw of ['{', '[]', 'null', '7', '"x"', '']) {
    await both.ask('POST', '/sign-in/email', { raw });
    await both.ask('POST', '/revoke-session', { raw });
  }
  await both.ask('POST', '/sign-in/email', { raw: 'x', headers: { 'content-type': 'text/plain' } });
  await both.ask('POST', '/sign-up/email', post({}));
  await both.ask('POST', '/sign-up/email', post({ email: 'nope', name: 1, password: '', rememberMe: 'x', image: 5 }));
  await both.ask('POST', '/sign-up/email', { raw: 'email=nope&password=x&name=y', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  await both.ask('POST', '/sign-in/email', post({ email: null, password: [] }));
  await both.ask('POST', '/sign-in/username', post({}));
  await both.ask('POST', '/two-factor/verify-totp', post({}));
  await both.ask('POST', '/request-password-reset', post({ email: 'nope' }));
  await both.ask('POST', '/send-verification-email', post({}));
  await both.ask('GET', '/verify-email');
  await both.ask('GET', '/reset-password/x');
  both.agreed(30);
});

test('Better Auth: signing up, in and out', async () => {
  const both = new Both(servers);
  const ada = { name: 'Ada', email: 'Ada@Example.com', password };
  await both.ask('POST', '/sign-up/email', post({ ...ada, password: 'short' }));
  await both.ask('POST', '/sign-up/email', post({ ...ada, password: 'x y'.repeat(43) }));
  await both.ask('POST', '/sign-up/email', post(ada));
  await both.ask('GET', '/get-session');
  await both.ask('POST', '/sign-up/email', post({ ...ada, email }));
  await both.ask('POST', '/sign-out', post({}));
  await both.ask('POST', '/sign-out', post({}));
  await both.ask('POST', '/sign-out');
  await both.ask('GET', '/get-session');
  const grace = { name: 'Grace', email: 'grace@example.com', password, image: 'https://example.com/g.png', username: 'Grace_H', rememberMe: false };
  await both.ask('POST', '/sign-up/email', post(grace));
  await both.ask('GET', '/get-session');
  both.fresh();
  await both.ask('POST', '/sign-in/username', post({ username: 'grace_h', password }));
  await both.ask('POST', '/sign-in/username', post({ username: 'grace_h', password: 'wrong' }));
  await both.ask('POST', '/sign-in/username', post({ username: 'nobody', password }));
  both.fresh();
  await both.ask('POST', '/sign-in/email', post({ email: 'nope', password }));
  await both.ask('POST', '/sign-in/email', post({ email, password: 'wrong' }));
  await both.ask('POST', '/sign-in/email', post({ email: 'nobody@example.com', password }));
  await both.ask('POST', '/sign-in/email', post({ email, password: '' }));
  await both.ask('POST', '/sign-in/email', post({ email, password, callbackURL: '/home' }));
  await both.ask('POST', '/sign-in/email', post({ email, password, callbackURL: `${page}/home` }));
  await both.ask('POST', '/sign-in/email', post({ email, password, rememberMe: false }));
  await both.ask('POST', '/sign-in/email', post({ email, password }));
  await both.ask('GET', '/get-session?disableRefresh=true');
  await both.ask('GET', '/token');
  await both.ask('GET', '/jwks', {}, without('cache'));
  both.agreed(24);
});

test('Better Auth: tokens as bearer', async () => {
  const both = new Both(servers);
  const answers = await both.ask('POST', '/sign-in/email', post({ email, password }));
  both.clients = servers.map((server) => new Client(server.url, false));
  const by = (text) => (_, n) => ({ headers: { authorization: `Bearer ${text(answers[n])}` } });
  const signed = (answer) => answer.headers['set-auth-token'];
  for (const path of ['/get-session', '/token', '/list-accounts']) {
    await both.ask('GET', path, by((answer) => answer.json.token));
    await both.ask('GET', path, by(signed));
    await both.ask('GET', path, by((answer) => encodeURIComponent(signed(answer))));
    await both.ask('GET', path, by((answer) => `${answer.json.token}.${'A'.repeat(43)}=`));
  }
  // Better Auth signs whatever comes alone and then finds no session of it; we see that it is no token.
  await both.ask('GET', '/get-session', by(() => 'garbage'), without('cookies'));
  await both.ask('GET', '/token', by(() => 'garbage'), without('cookies'));
  await both.ask('POST', '/update-user', (client, n) => ({ ...post({ name: 'Ada K' }, { origin: undefined }), headers: { origin: undefined, ...by(signed)(client, n).headers } }));
  both.agreed(15);
});

test('Better Auth: pages that ask, and pages that people are sent to', async () => {
  const both = new Both(servers);
  const signIn = (headers) => both.ask('POST', '/sign-in/email', post({ email, password }, headers));
  for (const headers of [
    { origin: undefined },
    { origin: 'https://evil.test' },
    { origin: undefined, referer: `${page}/x` },
    { origin: undefined, referer: 'https://evil.test/x' },
    { origin: undefined, 'sec-fetch-mode': 'cors' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: 'null', 'sec-fetch-site': 'same-origin' },
  ]) {
    both.fresh();
    await signIn(headers);
  }
  both.fresh();
  for (const target of ['https://evil.test', '//evil.test', '/\\evil.test', '/%2fevil.test', 'javascript:alert(1)', '/x?y=https://evil.test']) {
    for (const member of ['callbackURL', 'errorCallbackURL', 'newUserCallbackURL', 'redirectTo']) {
      await both.ask('POST', '/sign-in/email', post({ email, password: 'wrong', [member]: target }));
    }
  }
  await both.ask('POST', '/sign-in/email', post({ email, password, callbackURL: 7 }));
  await both.ask('GET', '/verify-email?token=x&callbackURL=https://evil.test');
  await both.ask('GET', '/reset-password/x?callbackURL=https://evil.test');
  await both.ask('POST', '/request-password-reset', post({ email, redirectTo: 'https://evil.test' }));
  await signIn();
  for (const origin of [undefined, 'null', 'https://evil.test', `${page}.evil.test`, 'http://localhost:3001', page]) {
    await both.ask('POST', '/update-user', post({ name: 'Ada L' }, { origin }));
  }
  await both.ask('POST', '/sign-out', post({}, { origin: undefined }));
  both.agreed(40);
});

test('Better Auth: what nobody may', async () => {
  const both = new Both(servers);
  for (const path of ['/token', '/list-sessions', '/list-accounts']) await both.ask('GET', path);
  for (const [path, body] of [
    ['/revoke-session', { token: 'x' }], ['/revoke-sessions', {}], ['/revoke-other-sessions', {}], ['/update-user', { name: 'x' }],
    ['/verify-password', { password }], ['/change-password', { currentPassword: password, newPassword: password }],
    ['/change-email', { newEmail: 'new@example.com' }],
  ]) {
    await both.ask('POST', path, post(body));
    // What is wrong is said before who asks.
    await both.ask('POST', path, { raw: '{' });
  }
  for (const cookie of ['better-auth.session_token=garbage', 'better-auth.session_token=gar.bage', 'better-auth.session_token=']) {
    await both.ask('GET', '/get-session', { headers: { cookie } });
  }
  both.agreed(20);
});

test('Better Auth: sessions and the own account', async () => {
  const both = new Both(servers);
  const other = servers.map((server) => new Client(server.url));
  for (const client of other) await client.post('/sign-in/email', { email: 'grace@example.com', password });
  await both.ask('POST', '/sign-in/email', post({ email: 'grace@example.com', password }));
  await both.ask('GET', '/list-accounts');
  await both.ask('POST', '/revoke-sessions', post({}));
  await both.ask('GET', '/get-session');
  await both.ask('POST', '/sign-in/email', post({ email: 'grace@example.com', password }));
  for (const client of other) await client.post('/sign-in/email', { email: 'grace@example.com', password });
  const [there, here] = await both.ask('GET', '/list-sessions');
  assert.equal(there.json.length, here.json.length);
  await both.ask('POST', '/revoke-session', (_, n) => post({ token: [there, here][n].json[1].token }));
  for (const client of other) assert.equal((await client.get('/get-session')).json, null);
  await both.ask('POST', '/revoke-session', post({ token: 'x' }));
  await both.ask('POST', '/revoke-other-sessions', post({}));
  await both.ask('POST', '/update-user', post({}));
  await both.ask('POST', '/update-user', post({ email: 'x@example.com' }));
  await both.ask('POST', '/update-user', post({ name: 'Grace H', image: 'https://example.com/h.png' }));
  await both.ask('GET', '/get-session');
  await both.ask('POST', '/verify-password', post({ password: 'wrong' }));
  await both.ask('POST', '/verify-password', post({ password }));
  await both.ask('POST', '/verify-password', post({}));
  await both.ask('POST', '/change-password', post({}));
  await both.ask('POST', '/change-password', post({ currentPassword: password, newPassword: 'short' }));
  await both.ask('POST', '/change-password', post({ currentPassword: 'wrong', newPassword: 'another engine weaves' }));
  await both.ask('POST', '/change-password', post({ currentPassword: password, newPassword: 'another engine weaves' }));
  await both.ask('POST', '/change-password', post({ currentPassword: 'another engine weaves', newPassword: password, revokeOtherSessions: true }));
  await both.ask('GET', '/get-session');
  await both.ask('POST', '/send-verification-email', post({ email: 'other@example.com' }));
  await both.ask('POST', '/send-verification-email', post({ email: 'grace@example.com' }));
  await both.ask('POST', '/change-email', post({ newEmail: 'nope' }));
  await both.ask('POST', '/change-email', post({ newEmail: 'grace@example.com' }));
  await both.ask('POST', '/change-email', post({ newEmail: 'hopper@example.com' }));
  await both.ask('GET', '/verify-email?token=bad');
  await both.ask('GET', '/verify-email?token=bad&callbackURL=/x');
  await both.ask('GET', '/reset-password/bad?callbackURL=/x');
  await both.ask('GET', `/reset-password/bad?callbackURL=${encodeURIComponent(`${page}/reset?a=b`)}`);
  await both.ask('POST', '/reset-password', post({ newPassword: password, token: 'bad' }));
  await both.ask('POST', '/reset-password', post({ newPassword: password }));
  await both.ask('POST', '/request-password-reset', post({ email: 'nobody@example.com' }));
  await both.ask('POST', '/request-password-reset', post({ email: 'grace@example.com', redirectTo: '/reset' }));
  await both.ask('POST', '/is-username-available', post({ username: 'grace_h' }));
  await both.ask('POST', '/is-username-available', post({ username: 'somebody' }));
  both.agreed(36);
});

test('Better Auth: a second factor', async () => {
  const both = new Both(servers);
  await both.ask('POST', '/two-factor/verify-totp', post({ code: '123456' }));
  await both.ask('POST', '/two-factor/verify-backup-code', post({ code: 'abcde-fghij' }));
  await both.ask('POST', '/sign-in/email', post({ email, password }));
  const factors = await Promise.all(servers.map((server, n) => server.enable(both.clients[n])));
  both.fresh();
  // Better Auth's answer has the token of a session that it has deleted: ours has none.
  const half = () => both.ask('POST', '/sign-in/email', post({ email, password }), ([there, here]) => {
    assert.ok(there.token && !here.token);
    return without('token', 'exposed')([there, here]);
  });
  await half();
  await both.ask('GET', '/get-session');
  await both.ask('POST', '/two-factor/verify-totp', post({ code: '000000' }));
  await both.ask('POST', '/two-factor/verify-backup-code', post({ code: 'abcde-fghij' }));
  await both.ask('POST', '/two-factor/verify-totp', (_, n) => post({ code: totp(factors[n].secret) }));
  await both.ask('GET', '/get-session');
  await both.ask('POST', '/sign-out', post({}));
  await half();
  await both.ask('POST', '/two-factor/verify-backup-code', (_, n) => post({ code: factors[n].codes[0] }));
  await both.ask('GET', '/get-session');
  both.agreed(13);
});

test('Better Auth: an organization, its members and invitations', async () => {
  const both = new Both(servers);
  const [olga, pia, quin] = [await person(servers, 'olga'), await person(servers, 'pia'), await person(servers, 'quin')];
  const nobody = both.clients;
  const as = (clients) => { both.clients = clients; };
  // Better Auth keeps that there was an active one.
  const noneActive = (answers) => {
    for (const { body } of answers) if (body?.session?.activeOrganizationId === null) delete body.session.activeOrganizationId;
    return answers;
  };
  const withoutCode = (answers) => {
    for (const { body } of answers) delete body.code;
    return answers;
  };
  const get = (path, known) => both.ask('GET', `/organization/${path}`, {}, known);
  const ask = (path, body, known) => both.ask('POST', `/organization/${path}`, typeof body === 'function' ? (_, n) => post(body(n)) : post(body), known);
  const session = () => both.ask('GET', '/get-session', {}, noneActive);

  // Nobody, and bodies that are none.
  for (const path of ['list', 'get-organization', 'get-full-organization', 'list-members', 'get-active-member', 'get-active-member-role', 'list-invitations', 'list-user-invitations', 'get-invitation']) await get(path);
  // Here every 401 and 403 has a code.
  await get('get-invitation?id=x', withoutCode);
  for (const path of ['create', 'update', 'delete', 'set-active', 'check-slug', 'invite-member', 'accept-invitation', 'reject-invitation', 'cancel-invitation', 'remove-member', 'update-member-role', 'leave']) {
    await ask(path, {});
    await both.ask('POST', `/organization/${path}`, { raw: '[]' });
  }
  await ask('create', { name: '', slug: '', logo: 1, keepCurrentActiveOrganization: 'x' });
  await ask('update', { data: { name: '', slug: 1 } });
  await ask('set-active', { organizationId: 1, organizationSlug: 1 });
  await ask('invite-member', { email: 1, role: 1, resend: 'x' });
  await ask('remove-member', { memberIdOrEmail: 1, organizationId: 1 });
  for (const path of ['create-team', 'list-teams', 'create-role', 'list-roles', 'add-member', 'nope']) {
    await get(path);
    await ask(path, {});
  }

  // One that is made.
  as(olga);
  await session();
  for (const path of ['list', 'get-organization', 'get-full-organization', 'list-members', 'get-active-member', 'get-active-member-role', 'list-invitations', 'list-user-invitations', 'list-user-invitations?email=x@example.com']) await get(path);
  await ask('set-active', {});
  await ask('set-active', { organizationId: null });
  await ask('check-slug', { slug: 'olga-and-co' });
  const made = (await ask('create', { name: 'Olga & Co', slug: 'olga-and-co' })).map((answer) => answer.json);
  const id = (n) => made[n].id;
  await session();
  await ask('check-slug', { slug: 'olga-and-co' });
  await ask('create', { name: 'Again', slug: 'olga-and-co' });
  await ask('create', { name: 'Second', slug: 'second', keepCurrentActiveOrganization: true });
  await get('list');
  await get('get-organization');
  await get('get-full-organization');
  await both.ask('GET', (n) => `/organization/get-full-organization?organizationId=${id(n)}&membersLimit=5`);
  await get('get-full-organization?organizationSlug=second');
  await ask('set-active', { organizationSlug: 'second' });
  await session();
  await ask('set-active', (n) => ({ organizationId: id(n) }));
  await session();
  await ask('update', { data: { name: 'Olga and Company' } });
  await ask('update', (n) => ({ organizationId: id(n), data: { slug: 'olga-company' } }));
  await ask('update', { data: { slug: 'second' } });
  await ask('update', (n) => ({ organizationId: id(n), data: {} }));
  const kept = { logo: 'https://example.com/olga.png', metadata: { deep: { a: [1, null] }, plan: 'pro', seats: 5 } };
  await ask('update', { data: kept });
  for (const path of ['list', 'get-organization', 'get-full-organization']) await get(path);
  await ask('set-active', (n) => ({ organizationId: id(n) }));
  await ask('update', { data: { metadata: { plan: 'free' } } });
  // What is not there is left out here.
  const noLogo = (both) => both.map((one) => { if (!one.body.logo) delete one.body.logo; return one; });
  await ask('update', { data: { logo: null } }, noLogo);
  await ask('update', { data: { metadata: {} } }, noLogo);
  await get('get-organization', noLogo);
  for (const metadata of [null, 1, [1], 'x']) await ask('update', { data: { metadata, logo: 1 } });
  await ask('update', { data: { logo: kept.logo } });
  const spare = await ask('create', { name: 'Third', slug: 'third', ...kept, keepCurrentActiveOrganization: true });
  await ask('delete', (n) => ({ organizationId: spare[n].json.id }));

  // Invitations.
  await ask('invite-member', { email: 'nope', role: 'member' });
  await ask('invite-member', { email: 'pia@example.com', role: '' });
  await ask('invite-member', { email: 'olga@example.com', role: 'member' });
  const invited = await ask('invite-member', { email: 'Pia@Example.com', role: 'admin' });
  await ask('invite-member', { email: 'pia@example.com', role: 'admin' });
  await get('list-invitations');
  await get('get-full-organization');
  as(quin);
  const invitation = (n) => invited[n].json.id;
  await get('list-user-invitations');
  await get('get-invitation?id=x');
  await ask('accept-invitation', { invitationId: 'x' });
  await ask('reject-invitation', { invitationId: 'x' });
  await ask('cancel-invitation', { invitationId: 'x' });
  await both.ask('GET', (n) => `/organization/list-invitations?organizationId=${id(n)}`, {}, withoutCode);
  await both.ask('GET', (n) => `/organization/list-members?organizationId=${id(n)}`);
  await both.ask('GET', (n) => `/organization/get-active-member-role?organizationId=${id(n)}`);
  await both.ask('GET', (n) => `/organization/get-full-organization?organizationId=${id(n)}`);
  await ask('has-permission', (n) => ({ organizationId: id(n), permissions: { member: ['create'] } }));
  await ask('has-permission', { permissions: { member: ['create'] } });
  await ask('set-active', (n) => ({ organizationId: id(n) }));
  await ask('update', (n) => ({ organizationId: id(n), data: { name: 'X' } }));
  await ask('delete', (n) => ({ organizationId: id(n) }));
  await ask('delete', { organizationId: '' });
  await ask('leave', (n) => ({ organizationId: id(n) }));
  await ask('remove-member', (n) => ({ organizationId: id(n), memberIdOrEmail: 'olga@example.com' }));
  await ask('update-member-role', (n) => ({ organizationId: id(n), memberId: 'x', role: 'member' }));
  await ask('invite-member', (n) => ({ organizationId: id(n), email: 'x@example.com', role: 'member' }));
  as(pia);
  await get('list-user-invitations');
  await both.ask('GET', (n) => `/organization/get-invitation?id=${invitation(n)}`);
  await ask('accept-invitation', (n) => ({ invitationId: invitation(n) }));
  await ask('accept-invitation', (n) => ({ invitationId: invitation(n) }));
  await session();
  await get('get-active-member');
  await get('get-active-member-role');
  await get('list');

  // Members.
  const members = (await get('list-members?sortBy=createdAt')).map((answer) => answer.json.members);
  await get('list-members?limit=1&sortBy=createdAt');
  await get('list-members?limit=1&offset=1&sortBy=createdAt');
  await get('list-members?sortBy=createdAt&sortDirection=desc');
  await get('list-members?filterField=role&filterValue=owner');
  await get('list-members?filterField=role&filterOperator=ne&filterValue=owner');
  await get('list-members?filterField=role&filterOperator=in&filterValue=owner&filterValue=admin&sortBy=createdAt');
  await get('list-members?sortDirection=up&filterOperator=like');
  await both.ask('GET', (n) => `/organization/get-active-member-role?userId=${members[n][0].userId}`);
  await both.ask('GET', (n) => `/organization/list-members?filterField=userId&filterValue=${members[n][0].userId}`);
  for (const [resource, actions] of [['member', ['create', 'update', 'delete']], ['invitation', ['create', 'cancel']], ['organization', ['delete']], ['member', ['nope']], ['nope', ['create']], ['member', []]]) {
    await ask('has-permission', { permissions: { [resource]: actions } });
  }
  await ask('has-permission', { permissions: {} });
  await ask('delete', (n) => ({ organizationId: id(n) }));
  await ask('invite-member', { email: 'quin@example.com', role: 'owner' });
  await ask('update-member-role', (n) => ({ memberId: members[n][0].id, role: 'member' }));
  await ask('update-member-role', (n) => ({ memberId: members[n][1].id, role: 'owner' }));
  await ask('update-member-role', { memberId: 'x', role: 'member' });

  // Declined, taken back, mailed again.
  const first = await ask('invite-member', { email: 'quin@example.com', role: 'member' });
  as(quin);
  await ask('reject-invitation', (n) => ({ invitationId: first[n].json.id }));
  await ask('reject-invitation', (n) => ({ invitationId: first[n].json.id }));
  as(pia);
  const second = await ask('invite-member', { email: 'quin@example.com', role: 'member' });
  await ask('cancel-invitation', (n) => ({ invitationId: second[n].json.id }));
  await ask('invite-member', { email: 'quin@example.com', role: 'member' });
  const third = await ask('invite-member', { email: 'quin@example.com', role: 'member', resend: true });
  as(quin);
  await ask('accept-invitation', (n) => ({ invitationId: third[n].json.id }));
  await ask('has-permission', { permissions: { member: ['create'] } });
  await ask('invite-member', { email: 'x@example.com', role: 'member' });
  await get('list-invitations');
  await ask('remove-member', { memberIdOrEmail: 'pia@example.com' });
  await ask('update', { data: { name: 'X' } });
  await get('get-active-member');

  // Other roles, removed, left, deleted.
  as(olga);
  const now = (await get('list-members?sortBy=createdAt')).map((answer) => answer.json.members);
  await ask('update-member-role', (n) => ({ memberId: now[n][2].id, role: ['admin'] }));
  await ask('update-member-role', (n) => ({ memberId: now[n][0].id, role: 'member' }));
  // Here it is said what is wrong.
  await ask('update-member-role', (n) => ({ memberId: now[n][2].id, role: '' }), without('body', 'type'));
  await ask('remove-member', { memberIdOrEmail: 'olga@example.com' });
  await ask('remove-member', { memberIdOrEmail: 'nobody@example.com' });
  await ask('remove-member', { memberIdOrEmail: 'x' });
  await ask('remove-member', (n) => ({ memberIdOrEmail: now[n][2].id }));
  await ask('leave', (n) => ({ organizationId: id(n) }));
  as(quin);
  await get('list');
  as(pia);
  await ask('leave', (n) => ({ organizationId: id(n) }));
  await ask('leave', (n) => ({ organizationId: id(n) }));
  await session();
  as(olga);
  await ask('set-active', { organizationId: null });
  await session();
  await ask('delete', (n) => ({ organizationId: id(n) }));
  await get('list');
  as(nobody);
  await session();
  both.agreed(136);
});

test('Better Auth: passkeys', async () => {
  const both = new Both(servers);
  const known = { email: 'peggy@example.com', password };
  for (const path of ['/passkey/generate-register-options', '/passkey/list-user-passkeys']) await both.ask('GET', path);
  for (const [path, body] of [
    ['verify-registration', { response: {} }], ['verify-authentication', {}], ['verify-authentication', { response: {} }],
    ['delete-passkey', {}], ['delete-passkey', { id: 'x' }], ['update-passkey', { id: 'x' }], ['update-passkey', { id: 'x', name: '' }],
  ]) await both.ask('POST', `/passkey/${path}`, post(body));
  await both.ask('POST', '/sign-up/email', post({ name: 'Peggy', ...known }));
  await both.ask('GET', '/passkey/generate-register-options?authenticatorAttachment=implant');
  // Whoever makes one proves to it who they are, and it is found without a name; the labels are our own.
  const labels = bodyWithout('authenticatorSelection', 'extensions', 'hints', 'timeout', 'user', 'name');
  const options = await both.ask('GET', '/passkey/generate-register-options', {}, labels);
  const key = new Authenticator();
  // Gatepost takes passkeys from pages of its own origin alone.
  const origins = servers.map((server, n) => (n ? server.url.replace('127.0.0.1', 'localhost') : page));
  // A first second factor comes with codes to write down.
  const registration = (_, n) => post({ response: key.make(options[n].json, origins[n]), name: ' The key ' });
  const made = await both.ask('POST', '/passkey/verify-registration', registration, bodyWithout('backupCodes'));
  assert.equal(made[1].json.backupCodes.length, 10);
  await both.ask('GET', '/passkey/list-user-passkeys');
  await both.ask('POST', '/passkey/update-passkey', (_, n) => post({ id: made[n].json.id, name: 'Another' }));
  for (const [path, body] of [['delete-passkey', { id: 'x' }], ['update-passkey', { id: 'x', name: 'y' }]]) {
    await both.ask('POST', `/passkey/${path}`, post(body));
  }
  await both.ask('POST', '/sign-out', post({}));
  const asked = await both.ask('GET', '/passkey/generate-authenticate-options', {}, bodyWithout('timeout', 'userVerification'));
  const shown = (_, n) => post({ response: key.show(asked[n].json, origins[n]) });
  // A passkey is a second factor.
  const factor = bodyWithout('twoFactorEnabled');
  await both.ask('POST', '/passkey/verify-authentication', shown, factor);
  await both.ask('POST', '/passkey/verify-authentication', shown);
  await both.ask('GET', '/get-session', {}, (answers) => without('jwt')(factor(answers)));
  await both.ask('POST', '/passkey/delete-passkey', (_, n) => post({ id: made[n].json.id }));
  await both.ask('GET', '/passkey/list-user-passkeys');
  both.agreed(24);
});

test('Better Auth: API keys', async () => {
  const both = new Both(servers);
  for (const path of ['list', 'get', 'get?id=x', 'list?limit=x', 'list?sortDirection=up']) await both.ask('GET', `/api-key/${path}`);
  const refused = [
    ['create', { expiresIn: 0 }], ['create', { expiresIn: 'soon' }], ['create', { name: 5 }], ['create', { remaining: 5 }],
    ['create', { rateLimitMax: 5 }], ['create', { refillAmount: 5, refillInterval: 5 }], ['create', { userId: 'x' }],
    ['update', {}], ['update', { keyId: 'x', enabled: 'no' }], ['update', { keyId: 'x', name: 'y' }],
    ['delete', {}], ['delete', { keyId: 'x' }],
  ];
  for (const [path, body] of [...refused, ['create', {}]]) await both.ask('POST', `/api-key/${path}`, post(body));
  await both.ask('POST', '/sign-in/email', post({ email: root, password }));
  for (const [path, body] of [...refused, ['create', { metadata: { a: 1 } }]]) await both.ask('POST', `/api-key/${path}`, post(body));
  for (const path of ['list', 'get', 'get?id=x', 'list?limit=x']) await both.ask('GET', `/api-key/${path}`);
  // Keys begin as ours do, and have no limits of their own.
  const own = bodyWithout('start', 'prefix', 'rateLimitEnabled', 'rateLimitMax', 'rateLimitTimeWindow');
  const made = await both.ask('POST', '/api-key/create', post({ name: 'ci', expiresIn: 30 * 86_400 }), own);
  await both.ask('POST', '/api-key/create', post({}), (answers) => bodyWithout('name')(own(answers)));
  await both.ask('GET', '/api-key/list?sortBy=createdAt&sortDirection=desc&limit=1&offset=1', {}, own);
  await both.ask('GET', '/api-key/list?limit=1', {}, own);
  await both.ask('GET', (n) => `/api-key/get?id=${made[n].json.id}`, {}, own);
  const update = (change) => both.ask('POST', '/api-key/update', (_, n) => post({ keyId: made[n].json.id, ...change }), own);
  await update({});
  await update({ name: 'deploy', enabled: true });
  await update({ permissions: { notes: ['read'] } });
  const remove = () => both.ask('POST', '/api-key/delete', (_, n) => post({ keyId: made[n].json.id }));
  await remove();
  await remove();
  await both.ask('GET', '/api-key/list', {}, (answers) => bodyWithout('name')(own(answers)));
  both.agreed(44);
});

test('Better Auth: administration', async () => {
  const both = new Both(servers);
  const body = (path) => ({
    'create-user': { email: 'made@example.com', name: 'Made', password }, 'update-user': { userId: 'x', data: { name: 'y' } },
    'set-role': { userId: 'x', role: 'admin' }, 'set-user-password': { userId: 'x', newPassword: password },
    'revoke-user-session': { sessionToken: 'x' }, 'has-permission': { permissions: { user: ['create'] } },
  }[path] ?? { userId: 'x' });
  const every = async () => {
    for (const path of ['list-users', 'get-user?id=x']) await both.ask('GET', `/admin/${path}`);
    for (const path of [
      'create-user', 'update-user', 'set-role', 'set-user-password', 'ban-user', 'unban-user', 'list-user-sessions',
      'revoke-user-session', 'revoke-user-sessions', 'remove-user', 'impersonate-user', 'stop-impersonating', 'has-permission',
    ]) await both.ask('POST', `/admin/${path}`, post(body(path)));
  };
  await every();
  await both.ask('POST', '/sign-up/email', post({ email: 'nobody@example.org', name: 'Nobody', password }));
  await every();
  await both.ask('POST', '/sign-in/email', post({ email: root, password }));
  await both.ask('GET', '/get-session');
  await every();
  // What a ban is for is in the audit trail, and it has no end.
  const ban = bodyWithout('banReason', 'banExpires');
  const admin = (path, sent) => both.ask('POST', `/admin/${path}`, typeof sent === 'function' ? sent : post(sent), ban);
  for (const [path, sent] of [
    ['create-user', {}], ['create-user', { email: 'nope', name: 'x' }], ['create-user', { email: 'made@example.com', name: 'x' }],
    ['create-user', { email: 'c@example.com', name: 'x', role: 5 }], ['update-user', { userId: 'x' }], ['update-user', { userId: 'x', data: {} }],
    ['update-user', { userId: 'x', data: { password: 'y' } }], ['update-user', { userId: 'x', data: { id: 'y' } }],
    ['update-user', { userId: 'x', data: { email: 'nope' } }], ['set-role', { userId: 'x' }], ['set-role', { userId: 'x', role: 7 }],
    ['set-user-password', { userId: 'x', newPassword: '' }], ['set-user-password', { userId: 'x' }], ['revoke-user-session', {}],
    ['has-permission', {}], ['has-permission', { permission: { user: ['create'] } }], ['has-permission', { permissions: { user: 'create' } }],
    ['has-permission', { permissions: {} }], ['has-permission', { permissions: { user: [] } }], ['has-permission', { permissions: { other: ['x'] } }],
    ['has-permission', { permissions: { user: ['create', 'delete'], session: ['revoke'] } }],
  ]) await admin(path, sent);
  const made = await admin('create-user', { email: 'Second@Example.com', name: 'Second', password, role: ['user'], data: { image: 'https://example.com/s.png' } });
  const of = (more) => (_, n) => post({ userId: made[n].json.user.id, ...more });
  const clients = servers.map((server) => new Client(server.url));
  for (const client of clients) await client.post('/sign-in/email', { email: 'second@example.com', password });
  await both.ask('GET', (n) => `/admin/get-user?id=${made[n].json.user.id}`);
  await both.ask('GET', '/admin/get-user');
  const [there, here] = await admin('list-user-sessions', of());
  await admin('revoke-user-session', (_, n) => post({ sessionToken: [there, here][n].json.sessions[0].token }));
  for (const client of clients) assert.equal((await client.get('/get-session')).json, null);
  // Our token says who acts, and cookies live as long as what is in them.
  const acting = (both) => both.map(({ jwt, cookies, ...one }) => one);
  await both.ask('POST', '/admin/impersonate-user', of(), acting);
  await both.ask('GET', '/get-session', {}, acting);
  await both.ask('POST', '/admin/stop-impersonating', post({}), acting);
  await both.ask('GET', '/get-session');
  await both.ask('POST', '/admin/stop-impersonating', post({}));
  await admin('set-role', of({ role: 'admin' }));
  await admin('set-role', of({ role: ['user'] }));
  await admin('update-user', of({ data: { name: 'Second 2', emailVerified: true, role: 'user' } }));
  await admin('update-user', of({ data: { email: root } }));
  await admin('set-user-password', of({ newPassword: 'short' }));
  await admin('set-user-password', of({ newPassword: 'another engine weaves' }));
  await admin('ban-user', of({ banReason: 'spam' }));
  await admin('unban-user', of());
  const own = (_, n) => post({ userId: ids[n] });
  const ids = await Promise.all(both.clients.map(async (client) => (await client.get('/get-session')).json.user.id));
  await admin('ban-user', own);
  await admin('remove-user', own);
  await admin('update-user', (_, n) => post({ userId: ids[n], data: { banned: true } }));
  for (const query of [
    '', '?limit=2&offset=1', '?limit=1&offset=0', '?sortBy=createdAt&sortDirection=desc&limit=3', '?searchValue=second',
    '?searchValue=second@&searchOperator=starts_with', '?searchValue=Second&searchField=name', '?searchField=password',
    '?searchOperator=matches', '?sortDirection=up', '?filterField=email&filterValue=second@example.com', '?filterField=role&filterValue=admin',
    '?filterField=name&filterValue=Second&filterOperator=contains',
  ]) await both.ask('GET', `/admin/list-users${query}`, {}, ban);
  await admin('revoke-user-sessions', of());
  await admin('remove-user', of());
  await admin('remove-user', of());
  both.agreed(90);
});
