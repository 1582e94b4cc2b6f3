import { assignRole, type Finding, fault, unseen, works } from '../finding.ts';
import type { GivenRole } from './roles.ts';

/** What the app's own API says of itself: GET …/health. */
interface Health {
  app: string;
  edges: { name: string; works: boolean; says: string }[];
}

/** Where the edges of an app lead, for the commands that mend them. */
export interface AppPlace {
  siteName: string;
  /** Name of the resource group. */
  group: string;
  /** Where it answers over https; undefined where that could not be read. */
  host: string | undefined;
  /** Object id of the app's identity. */
  principalId: string;
  dataAccountId: string;
}

/** What an answer of the API to nobody in particular means: it has to be refused. */
export function judgeRefusal(status: number): Finding {
  const edge = 'a call without a key or a token';
  if (status === 401) return works(edge, 'refused, 401');
  if (status === 403)
    return fault(edge, '403: the app is stopped, or its network refuses this machine', 'azd deploy');
  if (status < 300)
    return fault(edge, `it was answered, ${status}: anybody may use the API`, 'azd provision && azd deploy');
  return fault(edge, `the app answers ${status}`, 'azd deploy');
}

const repair: Record<string, (place: AppPlace, roles: GivenRole[]) => string[]> = {
  clock: ({ siteName, group }) => [`az functionapp restart --name ${siteName} --resource-group ${group}`],
  storage: ({ siteName, group }) => [`az functionapp stop --name ${siteName} --resource-group ${group}`],
  tables: ({ dataAccountId }, roles) => rolesOf(roles, dataAccountId, 'Storage Table Data Contributor'),
  queues: ({ dataAccountId }, roles) => rolesOf(roles, dataAccountId, 'Storage Queue Data Contributor'),
};

const rolesOf = (roles: GivenRole[], scope: string, role: string) => [
  ...roles
    .filter((given) => given.scope === scope && given.role === role)
    .map(({ principalId }) => assignRole({ id: principalId, type: 'ServicePrincipal' }, role, scope)),
  'azd provision',
];

const ofRegistry: Record<string, RegExp> = {
  registry: /^(AcrPull|Container Registry Repository Reader)$/,
  runEngine: /^Container Registry Tasks Contributor$/,
};

/** An answer of GET …/health, as findings. The edges of a registry carry its name; `roles` are those given on it. */
export function judgeHealth(
  { name, runsTasks }: { name: string; runsTasks: boolean },
  { status, text }: { status: number; text: string },
  place: AppPlace,
  roles: GivenRole[],
): Finding[] {
  const health = status === 200 ? (JSON.parse(text) as Health) : undefined;
  if (!health) return [noHealth(name, status, text, place)];
  return health.edges
    .filter((edge) => edge.works || edge.name !== 'runEngine' || runsTasks)
    .map((edge) => {
      const roleName = ofRegistry[edge.name];
      const title = roleName
        ? `the app and the ${edge.name === 'registry' ? 'images' : 'run engine'} of ${name}`
        : `the app's ${edge.name}`;
      if (edge.works) return works(title, edge.says);
      const missing = roles.filter(({ role }) => roleName?.test(role));
      const commands = missing.map(({ principalId, role, scope }) =>
        assignRole({ id: principalId, type: 'ServicePrincipal' }, role, scope),
      );
      return fault(title, edge.says, ...(roleName ? commands : (repair[edge.name]?.(place, roles) ?? [])));
    });
}

function noHealth(name: string, status: number, text: string, { siteName, group }: AppPlace): Finding {
  const edge = `the app, asked for ${name}`;
  const said = /"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? '';
  const log = `az webapp log tail --name ${siteName} --resource-group ${group}`;
  if (status === 503)
    return fault(edge, `503: ${said || 'its settings are not complete'}`, 'azd provision', log);
  if (status === 404 && said.includes('PLINTH_REGISTRIES')) return fault(edge, said, 'azd provision');
  if (status === 404) return fault(edge, '404: it is an older version, without this question', 'azd deploy');
  if (status === 401 || status === 403)
    return unseen(edge, `${status}: ${said || 'the key or the token was refused'}`);
  return fault(edge, `${status}: ${said}`, log);
}
