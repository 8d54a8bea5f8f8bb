import { failToLoad } from '../host/sdk.ts';
import { observeSaves } from './observe-saves.ts';

observeSaves().catch(failToLoad);
