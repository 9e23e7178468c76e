import '../../ui/base.css'
import '../../ui/desk.css'
import './moderator.css'
import './grid.css'
import './side.css'
import type { FloorKinds } from '../../shared/floor-kinds'
import { mount } from '../../shared/mount'
import { ModeratorPage } from './page'

mount<FloorKinds>('moderator', ModeratorPage, false)
