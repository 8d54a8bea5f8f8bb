import { Component, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { asProblem } from './api/problem.ts';
import { countIn } from './components/counted.ts';
import { ProblemNotice } from './components/notice.tsx';
import { ViewerProvider } from './components/viewer.tsx';
import { connectToHost, failToLoad, type HostContext, showPage } from './host/sdk.ts';
import 'azure-devops-ui/Core/override.css';
import './components/theme.css';
import './components/parts.css';

/**
 * Connects to the host and renders a contribution's page. No StrictMode: the library's observers crash under React 18's
 * double mounting.
 *
 * @param heading the page's name for those who go by headings: the host shows it outside the frame. A page without it
 * has a visible one of its own.
 */
export async function startPage(
  render: (host: HostContext) => ReactNode,
  { heading }: { heading?: (host: HostContext) => string } = {},
): Promise<void> {
  try {
    const host = await connectToHost({ applyTheme: true });
    const page = document.getElementById('page');
    if (!page) throw new Error('The page has no element to render into.');
    document.documentElement.lang = 'en';
    countIn(host.locale);
    createRoot(page).render(
      <>
        {heading && <h1 className="visually-hidden">{heading(host)}</h1>}
        <Boundary>
          <ViewerProvider value={{ locale: host.locale, timeZone: host.timeZone }}>
            {render(host)}
          </ViewerProvider>
        </Boundary>
      </>,
    );
    showPage();
  } catch (reason) {
    failToLoad(reason);
  }
}

/** A part that fails to render says so, instead of leaving an empty frame. */
class Boundary extends Component<{ children: ReactNode }, { reason?: unknown }> {
  override state: { reason?: unknown } = {};

  static getDerivedStateFromError(reason: unknown) {
    return { reason };
  }

  override render() {
    if (this.state.reason === undefined) return this.props.children;
    return <ProblemNotice problem={asProblem(this.state.reason)} onRetry={() => location.reload()} />;
  }
}
