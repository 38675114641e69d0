/** Latitude and longitude in degrees. */
export interface Place {
  readonly lat: number;
  readonly lon: number;
}

// ISO 3166-1 alpha-2, latitude, longitude; to about a degree, which is enough to tell warehouses apart. XK is Kosovo's user-assigned code.
// For the largest countries it is where people live rather than the geometric middle (US, CA, RU, AU, BR).
const table = `
AD 42.5 1.5|AE 24 54|AF 33 66|AG 17.1 -61.8|AI 18.2 -63.1|AL 41 20|AM 40 45|AO -12.5 18.5|AQ -80 0|AR -34 -64
AS -14.3 -170.7|AT 47.5 14.5|AU -33 147|AW 12.5 -70|AX 60.2 20|AZ 40.5 47.5|BA 44 18|BB 13.2 -59.5|BD 24 90|BE 50.6 4.6
BF 13 -2|BG 42.8 25.5|BH 26 50.5|BI -3.5 30|BJ 9.5 2.3|BL 17.9 -62.8|BM 32.3 -64.8|BN 4.5 114.7|BO -17 -65|BQ 12.2 -68.3
BR -19 -46|BS 24.3 -76|BT 27.5 90.5|BV -54.4 3.4|BW -22 24|BY 53 28|BZ 17.2 -88.7|CA 47 -85|CC -12.2 96.8|CD -3 23.5
CF 7 21|CG -1 15|CH 46.8 8.2|CI 7.6 -5.6|CK -21.2 -159.8|CL -33.5 -71|CM 5.5 12.5|CN 33 110|CO 4 -73|CR 10 -84
CU 22 -79|CV 15.1 -23.6|CW 12.2 -69|CX -10.5 105.7|CY 35 33|CZ 49.8 15.5|DE 51 10|DJ 11.6 42.6|DK 56 10|DM 15.4 -61.4
DO 18.8 -70.2|DZ 34 3|EC -1.4 -78.8|EE 58.7 25.5|EG 28 31|EH 24.5 -13|ER 15.3 39|ES 40 -3.7|ET 9 39.5|FI 62.5 26
FJ -17.8 178|FK -51.8 -59|FM 6.9 158.2|FO 62 -6.8|FR 46.6 2.5|GA -0.8 11.8|GB 53 -1.8|GD 12.1 -61.7|GE 42.2 43.5|GF 4 -53
GG 49.5 -2.6|GH 7.9 -1.1|GI 36.1 -5.4|GL 67 -50|GM 13.4 -15.5|GN 10.5 -11|GP 16.2 -61.5|GQ 1.6 10.5|GR 39 22.5|GS -54.4 -36.6
GT 15.6 -90.4|GU 13.4 144.8|GW 12 -15|GY 5 -58.9|HK 22.3 114.2|HM -53.1 73.5|HN 14.8 -86.6|HR 45.2 16|HT 19 -72.5|HU 47.2 19.4
ID -5 112|IE 53.3 -8|IL 31.8 35|IM 54.2 -4.5|IN 22 79|IO -6.3 71.9|IQ 33 44|IR 33 53|IS 65 -19|IT 42.8 12.5
JE 49.2 -2.1|JM 18.1 -77.3|JO 31.3 36.5|JP 36 138|KE 0 37.8|KG 41.5 74.6|KH 12.6 105|KI 1.4 173|KM -11.9 43.4|KN 17.3 -62.7
KP 40 127|KR 36.5 127.8|KW 29.3 47.6|KY 19.3 -81.2|KZ 48 68|LA 18.5 103.8|LB 33.9 35.9|LC 13.9 -61|LI 47.2 9.5|LK 7.5 80.7
LR 6.5 -9.4|LS -29.6 28.2|LT 55.3 23.9|LU 49.8 6.1|LV 56.9 24.8|LY 29 17|MA 32.5 -6.5|MC 43.7 7.4|MD 47.2 28.5|ME 42.8 19.3
MF 18.1 -63.1|MG -19 46.7|MH 7.1 171.1|MK 41.6 21.7|ML 14 -5|MM 20 96|MN 47 104|MO 22.2 113.5|MP 15.2 145.7|MQ 14.6 -61
MR 19 -11|MS 16.7 -62.2|MT 35.9 14.4|MU -20.3 57.6|MV 3.2 73.2|MW -13.3 34.3|MX 21 -101|MY 3.5 104|MZ -18 35.5|NA -22 17
NC -21.3 165.5|NE 16 8|NF -29 168|NG 9 8|NI 12.9 -85|NL 52.2 5.5|NO 62 10|NP 28.2 84|NR -0.5 166.9|NU -19 -169.9
NZ -40 175|OM 21 57|PA 8.5 -80|PE -10 -76|PF -17.6 -149.5|PG -6.5 145|PH 12.9 122|PK 30.5 70|PL 52 19.4|PM 46.9 -56.3
PN -24.4 -128.3|PR 18.2 -66.4|PS 31.9 35.2|PT 39.6 -8|PW 7.5 134.6|PY -23.5 -58|QA 25.3 51.2|RE -21.1 55.5|RO 45.9 25|RS 44.2 20.8
RU 55.7 45|RW -2 29.9|SA 24 44.5|SB -9.6 160.2|SC -4.7 55.5|SD 15.5 30|SE 61 15.5|SG 1.4 103.8|SH -15.9 -5.7|SI 46.1 14.8
SJ 78.5 18|SK 48.7 19.5|SL 8.6 -11.8|SM 43.9 12.5|SN 14.4 -14.5|SO 5 46|SR 4.2 -56|SS 7.3 30.3|ST 0.2 6.6|SV 13.7 -88.9
SX 18 -63.1|SY 35 38.5|SZ -26.5 31.5|TC 21.8 -71.8|TD 14 18.5|TF -49.3 69.3|TG 8.5 1|TH 15 101|TJ 38.5 71|TK -9.2 -171.8
TL -8.8 125.8|TM 39 59.5|TN 34.5 9.5|TO -21.2 -175.2|TR 39 35.2|TT 10.4 -61.3|TV -8.5 179.2|TW 23.7 121|TZ -6.3 34.8|UA 49 31.4
UG 1.3 32.4|UM 19.3 166.6|US 38.5 -94|UY -32.8 -56|UZ 41.4 64.6|VA 41.9 12.5|VC 13.2 -61.2|VE 8 -66|VG 18.4 -64.6|VI 18 -64.8
VN 16 107.5|VU -16 167.5|WF -13.8 -177|WS -13.7 -172.4|XK 42.6 20.9|YE 15.6 47.5|YT -12.8 45.2|ZA -29 25|ZM -13.5 27.8|ZW -19 29.8`;

const centroids: ReadonlyMap<string, Place> = new Map(
  table
    .split(/[|\n]/)
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [country, lat, lon] = entry.split(' ');
      return [country as string, { lat: Number(lat), lon: Number(lon) }];
    }),
);

/** Where a country is (ISO 3166-1 alpha-2), or undefined for a code that no country has. */
export const centroidOf = (country: string): Place | undefined => centroids.get(country);
