import type { FunctionDefinition } from './core.ts';

const triggers = ['httptrigger', 'queuetrigger', 'eventgridtrigger', 'timertrigger'];

/** Options of triggers that the app does not use; each would change when or how a function runs. */
const unserved = ['runOnStartup', 'useMonitor', 'cardinality'];

/** @throws naming what a function asks for and this host does not do; it is never left out in silence */
export function refuseUnserved({ name, bindings, trigger }: FunctionDefinition): void {
  const refuse = (what: string) =>
    new Error(`The function ${name} has ${what}, which the local host does not serve`);
  if (!triggers.includes(trigger.type.toLowerCase())) throw refuse(`a ${trigger.type}`);
  for (const binding of Object.values(bindings))
    if (binding !== trigger && binding.type !== 'http')
      throw refuse(`a binding ${binding.type} (${binding.direction})`);
  const option = unserved.find((one) => trigger[one] !== undefined);
  if (option) throw refuse(`the option ${option}`);
}
