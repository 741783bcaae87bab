import { type OpcodeRow, row } from '../row.ts';

const BLS = { writes: 'oszc', undefined: 'ap', feature: 'bmi1' } as const;
const BMI2 = { feature: 'bmi2' } as const;

export const bmiRows: readonly OpcodeRow[] = [
  row('NP 0F38 F2 /r VEX.L0', 'andn', 'Gy,By,Ey', 'andnGyByEy', BLS),
  row('NP 0F38 F3 /1 VEX.L0', 'blsr', 'By,Ey', 'blsrByEy', BLS),
  row('NP 0F38 F3 /2 VEX.L0', 'blsmsk', 'By,Ey', 'blsmskByEy', BLS),
  row('NP 0F38 F3 /3 VEX.L0', 'blsi', 'By,Ey', 'blsiByEy', BLS),
  row('NP 0F38 F7 /r VEX.L0', 'bextr', 'Gy,Ey,By', 'bextrGyEyBy', {
    writes: 'ozc',
    undefined: 'sap',
    feature: 'bmi1',
  }),
  row('NP 0F38 F5 /r VEX.L0', 'bzhi', 'Gy,Ey,By', 'bzhiGyEyBy', { ...BLS, feature: 'bmi2' }),
  row('F2 0F38 F5 /r VEX.L0', 'pdep', 'Gy,By,Ey', 'pdepGyByEy', BMI2),
  row('F3 0F38 F5 /r VEX.L0', 'pext', 'Gy,By,Ey', 'pextGyByEy', BMI2),
  row('F2 0F38 F6 /r VEX.L0', 'mulx', 'Gy,By,Ey', 'mulxGyByEy', BMI2),
  row('66 0F38 F7 /r VEX.L0', 'shlx', 'Gy,Ey,By', 'shlxGyEyBy', BMI2),
  row('F3 0F38 F7 /r VEX.L0', 'sarx', 'Gy,Ey,By', 'sarxGyEyBy', BMI2),
  row('F2 0F38 F7 /r VEX.L0', 'shrx', 'Gy,Ey,By', 'shrxGyEyBy', BMI2),
  row('F2 0F3A F0 /r VEX.L0', 'rorx', 'Gy,Ey,Ib', 'rorxGyEyIb', BMI2),
  row('66 0F38 F6 /r', 'adcx', 'Gy,Ey', 'adcxGyEy', { writes: 'c', feature: 'adx' }),
  row('F3 0F38 F6 /r', 'adox', 'Gy,Ey', 'adoxGyEy', { writes: 'o', feature: 'adx' }),
];
