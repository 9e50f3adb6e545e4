import { z } from 'zod';

// Imported before any schema is made: zod tries then whether it may compile them with `new Function`, which the content
// security policy rightly forbids, and the browser would say so in its console.
z.config({ jitless: true });
