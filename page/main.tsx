import { render } from 'preact';
import { takeKeyFromAddress } from './app/session.ts';
import { Shell } from './app/shell.tsx';

takeKeyFromAddress();
const root = document.getElementById('page')!;
// Preact leaves what it finds in the root.
root.replaceChildren();
render(<Shell />, root);
