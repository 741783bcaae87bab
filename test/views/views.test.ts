import { describeViews } from './view-suite.ts';

describeViews({ name: 'the installed kernel', version: /^6\./ });
