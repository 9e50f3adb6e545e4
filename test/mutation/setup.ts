import fc from 'fast-check';

// Whether a property fails is all that a mutation run asks; the smallest example of it is for people.
fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
