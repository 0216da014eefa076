// Teams of organizations, which are off in both unless switched on.
import { after, before, test } from 'node:test';

import { Both, bodyWithout, person, post, without } from './better-auth.both.mjs';
import { divided, gatepost, original } from './better-auth.mjs';

let servers = [];

before(async () => {
  servers = await Promise.all([
    original({ tables: { team: [], teamMember: [] }, organizations: { teams: { enabled: true } } }),
    gatepost(divided),
  ]);
});

after(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

test('Better Auth: teams of an organization', async () => {
  const both = new Both(servers);
  const [tess, udo, vera, wim] = [
    await person(servers, 'tess'), await person(servers, 'udo'), await person(servers, 'vera'), await person(servers, 'wim'),
  ];
  const nobody = both.clients;
  const as = (clients) => { both.clients = clients; };
  const get = (path, known) => both.ask('GET', typeof path === 'function' ? (n) => `/organization/${path(n)}` : `/organization/${path}`, {}, known);
  const ask = (path, body, known) => both.ask('POST', `/organization/${path}`, typeof body === 'function' ? (_, n) => post(body(n)) : post(body), known);
  // Better Auth keeps that there was an active one.
  const noneActive = (answers) => {
    for (const { body } of answers) {
      for (const name of ['activeOrganizationId', 'activeTeamId']) if (body?.session?.[name] === null) delete body.session[name];
    }
    return answers;
  };
  const session = (known = (answers) => answers) => both.ask('GET', '/get-session', {}, (answers) => known(noneActive(answers)));
  const members = async (query = '') => (await both.ask('GET', `/organization/list-members${query}`)).map(({ json }) => json.members);

  // Nobody, and bodies that are none.
  const paths = ['create-team', 'update-team', 'remove-team', 'set-active-team', 'add-team-member', 'remove-team-member'];
  const whole = { name: 'X', teamId: 'x', userId: 'x', organizationId: 'x', data: {} };
  // Here every 401 has a body with a code.
  const said = (answers) => answers.map((one) => (one.status === 401 ? { ...one, body: '', type: '' } : one));
  for (const path of paths) {
    await ask(path, whole, said);
    await both.ask('POST', `/organization/${path}`, { raw: '[]' });
  }
  for (const path of ['list-teams', 'list-user-teams', 'list-team-members']) await get(path);
  await ask('create-team', { name: 1, organizationId: 1 });
  await ask('update-team', { teamId: 1, data: 1 });
  await ask('remove-team', { organizationId: 1 });
  await ask('set-active-team', { teamId: 1 });

  // No organization yet.
  as(tess);
  for (const path of paths) {
    const { organizationId, ...body } = whole;
    await ask(path, body);
  }
  for (const path of ['list-teams', 'list-user-teams', 'list-team-members']) await get(path);
  await ask('set-active-team', {});
  await ask('set-active-team', { teamId: null });
  for (const path of ['create-team', 'remove-team', 'add-team-member', 'remove-team-member']) await ask(path, whole);
  await ask('update-team', { ...whole, data: { organizationId: 'x' } });
  await get('list-teams?organizationId=x');
  await get('list-user-teams?organizationId=x');
  await get('list-user-teams?userId=x');

  // The first team is the organization's, and it is active. (The original says no moment of its first change.)
  const made = await ask('create', { name: 'Tess and company', slug: 'tess' });
  const id = (n) => made[n].json.id;
  const firstMoment = bodyWithout('updatedAt');
  await session();
  const first = await get('list-teams', firstMoment);
  const firstId = (n) => first[n].json[0].id;
  // Of these alone the original counts who is in them.
  await get('get-full-organization', bodyWithout('updatedAt', 'memberCount'));
  await get('list-user-teams', firstMoment);
  await get('list-team-members');
  const engines = await ask('create-team', { name: 'Engines' });
  const enginesId = (n) => engines[n].json.id;
  await ask('update-team', (n) => ({ teamId: enginesId(n), data: { name: 'Looms' } }));
  await ask('update-team', (n) => ({ teamId: enginesId(n), data: {} }));
  await ask('update-team', { teamId: 'x', data: { name: 'Looms' } });
  await ask('update-team', (n) => ({ teamId: enginesId(n), data: { name: '' } }));
  await get('list-teams', firstMoment);
  await get((n) => `list-teams?organizationId=${id(n)}`, firstMoment);
  await ask('set-active-team', (n) => ({ teamId: enginesId(n) }));
  await ask('set-active-team', { teamId: 'x' });
  await get((n) => `list-team-members?teamId=${enginesId(n)}`);
  await get('list-team-members?teamId=x');

  // Somebody is invited into it.
  await ask('invite-member', { email: 'udo@example.com', role: 'member', teamId: 'x' });
  await ask('invite-member', { email: 'udo@example.com', role: 'member', teamId: 'x,y' });
  await ask('invite-member', { email: 'udo@example.com', role: 'member', teamId: 1 });
  const invited = await ask('invite-member', (n) => ({ email: 'udo@example.com', role: 'member', teamId: enginesId(n) }));
  const plain = await ask('invite-member', { email: 'vera@example.com', role: 'admin' });
  await get('list-invitations');
  as(udo);
  await get('list-user-invitations');
  await ask('accept-invitation', (n) => ({ invitationId: invited[n].json.id }));
  await session();
  await get('list-team-members');
  await get('list-user-teams');
  as(vera);
  await ask('accept-invitation', (n) => ({ invitationId: plain[n].json.id }));
  await session();
  await get('list-user-teams');
  await get('list-team-members');

  // Who is in which.
  as(tess);
  const found = await members();
  const user = (name) => (n) => found[n].find((member) => member.user.name === name).userId;
  const put = (whom, team = enginesId, known) => ask('add-team-member', (n) => ({ teamId: team(n), userId: whom(n) }), known);
  const take = (whom, team = enginesId) => ask('remove-team-member', (n) => ({ teamId: team(n), userId: whom(n) }));
  await put(user('tess'));
  await put(user('tess'));
  await put(() => 'x');
  await put(user('tess'), () => 'x');
  await take(user('vera'));
  await take(() => 'x');
  await take(user('vera'), () => 'x');
  await ask('set-active-team', (n) => ({ teamId: enginesId(n) }));
  await session();
  await get('list-team-members');
  await get((n) => `list-user-teams?userId=${user('udo')(n)}`);
  await get((n) => `list-user-teams?userId=${user('udo')(n)}&organizationId=${id(n)}`);
  await get('list-user-teams?userId=x');
  await ask('has-permission', { permissions: { team: ['create', 'update', 'delete'] } });

  // A plain member.
  as(udo);
  await ask('create-team', { name: 'Mine' });
  await ask('update-team', (n) => ({ teamId: enginesId(n), data: { name: 'Mine' } }));
  await ask('remove-team', (n) => ({ teamId: firstId(n) }));
  await put(user('vera'));
  await take(user('tess'));
  await take(user('udo'));
  await get((n) => `list-user-teams?userId=${user('tess')(n)}`);
  await get((n) => `list-team-members?teamId=${firstId(n)}`);
  await ask('set-active-team', (n) => ({ teamId: firstId(n) }));
  await ask('has-permission', { permissions: { team: ['create'] } });
  // Whoever manages members.
  as(vera);
  await put(user('vera'));
  await take(user('vera'));
  const spare = await ask('create-team', { name: 'Spare' });
  await ask('remove-team', (n) => ({ teamId: spare[n].json.id }));
  await ask('remove-team', (n) => ({ teamId: spare[n].json.id }));

  // A stranger.
  as(wim);
  await ask('create-team', (n) => ({ name: 'X', organizationId: id(n) }));
  await ask('update-team', (n) => ({ teamId: enginesId(n), data: { name: 'X', organizationId: id(n) } }));
  await ask('remove-team', (n) => ({ teamId: enginesId(n), organizationId: id(n) }));
  await ask('add-team-member', (n) => ({ teamId: enginesId(n), userId: user('udo')(n), organizationId: id(n) }));
  await ask('remove-team-member', (n) => ({ teamId: enginesId(n), userId: user('udo')(n), organizationId: id(n) }));
  await get((n) => `list-teams?organizationId=${id(n)}`);
  await get((n) => `list-user-teams?organizationId=${id(n)}`);
  await get((n) => `list-user-teams?organizationId=${id(n)}&userId=${user('udo')(n)}`);
  // One that is somebody else's is answered here as one that is not there.
  await get((n) => `list-team-members?teamId=${enginesId(n)}`, bodyWithout('code'));
  await get('list-user-teams');

  // The end.
  as(tess);
  await ask('remove-team', (n) => ({ teamId: enginesId(n) }));
  await ask('set-active-team', { teamId: null });
  await ask('set-active-team', { teamId: null });
  await session();
  await ask('remove-team', (n) => ({ teamId: enginesId(n) }));
  await get('list-teams', firstMoment);
  await ask('remove-team', (n) => ({ teamId: firstId(n) }));
  await get('list-user-teams', firstMoment);
  as(udo);
  // The original says that a team is active which is gone.
  await session((answers) => without('jwt')(bodyWithout('activeTeamId')(answers)));
  as(nobody);
  await session();
  both.agreed(100);
});
