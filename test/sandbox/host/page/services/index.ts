import type { ContributionFrame } from '../frame.ts';
import type { HostPage } from '../host-page.ts';
import { extensionDataService } from './extension-data.ts';
import {
  formNavigationService,
  identityService,
  layoutService,
  locationService,
  messagesService,
  navigationService,
  pageDataService,
} from './page-services.ts';
import { workItemFormService } from './work-item-form.ts';

/** By the ids under which azure-devops-extension-api knows them. An id that is not here is refused, as by the real page. */
export function createServices(page: HostPage): Record<string, (frame: ContributionFrame) => object> {
  return {
    'ms.vss-work-web.work-item-form': () => workItemFormService(page),
    'ms.vss-work-web.work-item-form-navigation-service': () => formNavigationService(page),
    'ms.vss-features.extension-data-service': () => extensionDataService(page),
    'ms.vss-features.location-service': () => locationService(page),
    'ms.vss-tfs-web.tfs-page-data-service': () => pageDataService(page),
    'ms.vss-tfs-web.tfs-global-messages-service': () => messagesService(page),
    'ms.vss-features.host-page-layout-service': () => layoutService(page),
    'ms.vss-features.host-navigation-service': () => navigationService(page),
    'ms.vss-features.identity-service': () => identityService(page),
  };
}
