import { failToLoad } from '../host/sdk.ts';
import { offerMenu } from './offer-menu.ts';

offerMenu().catch(failToLoad);
