import { serveLog } from '../shared/edge/logServer.ts';

serveLog();
