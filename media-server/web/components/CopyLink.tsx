import { useRef, useState } from 'react';
import { Icon } from './Icon.tsx';
import './copy-link.css';

type Copy = 'not-yet' | 'copied' | 'by-hand';

/** Puts a link into the clipboard; where the browser does not allow it, shows the link to be copied by hand. */
export function CopyLink({ link }: { readonly link: string }) {
  const [copy, setCopy] = useState<Copy>('not-yet');
  const field = useRef<HTMLInputElement>(null);
  const onClick = async () => {
    try {
      await navigator.clipboard.writeText(link);
      setCopy('copied');
    } catch {
      // No clipboard without a secure connection or permission; the field below does not need either.
      setCopy('by-hand');
    }
  };
  return (
    <div className="copy-link">
      <button type="button" className="button" onClick={() => void onClick()}>
        <Icon name={copy === 'copied' ? 'check' : 'link'} />
        {copy === 'copied' ? 'Link copied' : 'Copy link'}
      </button>
      <span role="status" className="visually-hidden">
        {copy === 'copied' ? 'The link is in the clipboard.' : ''}
      </span>
      {copy === 'by-hand' && (
        <label className="field">
          <span>Copy this link yourself:</span>
          <input ref={field} readOnly value={link} onFocus={() => field.current?.select()} />
        </label>
      )}
    </div>
  );
}
