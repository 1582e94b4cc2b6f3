/** A package of Debian and Ubuntu. */
type SystemPackage = string;

export interface Machine {
  /** `20.11.0` */
  node: string;
  user: string;
  root: boolean;
  /** Packages whose program is not there. */
  missing: SystemPackage[];
  /** Whether the user has ids of its own for a user namespace. */
  subordinateIds: boolean;
  /** What a try to make the namespaces said; empty where it went well or could not be made. */
  refused: string;
  /** Settings of the kernel that forbid user namespaces. */
  forbidden: string[];
}

/** What the local stack is made of, beside npm packages. */
export const stackPackages: SystemPackage[];
/** Whether the programs cannot run on a Node of this version. */
export function isTooOld(version: string): boolean;
/** What this machine is, by asking it; of namespaces only where builds are to run in them. */
export function lookAtMachine(names: SystemPackage[]): Machine;
/** What is missing, each with what mends it. */
export function lackingOf(machine: Machine): string[];
/** All of it in one message, with the container that has it all. @param script of package.json, `start` */
export function lackingMessage(lines: string[], script: string): string;
/**
 * Makes sure that the machine has what is needed: as root by installing it, and for any other user by going on in a user
 * namespace, in which the same program is started once more. Where something is missing, says all of it and ends.
 */
export function prepareMachine(names: SystemPackage[]): Promise<void>;
