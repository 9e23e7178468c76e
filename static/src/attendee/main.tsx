import '../ui/base.css'
import '../ui/phone.css'
import './attendee.css'
import { mount } from '../mount'
import type { AttendeeCards } from './screen'
import { AttendeePage } from './page'
import { tell } from './tell'

mount<AttendeeCards>('attendee', AttendeePage, true, tell)
