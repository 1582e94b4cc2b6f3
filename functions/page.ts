import { servePage } from '../shared/edge/pageServer.ts';

// Beside this folder in the package.
servePage(new URL('../page/', import.meta.url));
